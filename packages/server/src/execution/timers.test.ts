import { AsyncLocalStorage } from 'node:async_hooks';
import { setInterval as beats, scheduler, setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Server, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import '../index.js';
import { type Counter, counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

type Call = ServerUnaryCall<{ id: string; by: number }, number>;
type Handler = (counter: Counter, id: string) => unknown;

const DO = { ...counterService.Add, path: '/test.Timers/Do' };

let stage: Stage;
afterEach(() => stage.end());

/** A service whose handlers do what the test says, by the id of the call. */
const serving =
  (handlers: Readonly<Record<string, Handler>>) =>
  (server: Server, counter: Counter): void =>
    server.addService({ Do: DO } as never, {
      Do: async (call: Call, callback: sendUnaryData<number>) => {
        const { id } = call.request;
        await handlers[id.replace(/\d+$/, '')]?.(counter, id);
        counter.value += 1;
        counter.ids.push(id);
        callback(null, counter.value);
      },
    });

async function group(
  handlers: Readonly<Record<string, Handler>>,
  settings: Record<string, unknown> = {},
  size = 2,
): Promise<Node[]> {
  stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS, ...settings }, [], serving(handlers));
  const nodes = await stage.startGroup(size);
  await stage.until(() => nodes[0]?.status.inSync.length === size);
  return nodes;
}

const call = (node: Node | undefined, id: string) => node?.callAt(DO.path, { id, by: 1 });
const agreed = (nodes: readonly Node[]) => () =>
  new Set(nodes.map(({ status }) => `${status.processedUpTo} ${status.digest}`)).size === 1;
const note = (counter: Counter, what: string) => (): void => void counter.ids.push(what);

describe.each(['semi-active', 'passive'])('timers that handlers set (%s)', (replication) => {
  const settings = { replication };

  it('fire at the same place on every replica, and handlers may wait for them', async () => {
    const seen: number[] = [];
    const nodes = await group(
      {
        waits: async () => {
          const before = Date.now();
          await new Promise((resolve) => setTimeout(resolve, 30));
          seen.push(Date.now() - before);
        },
        evicts: (counter, id) => {
          setTimeout((a: string, b: string) => void counter.ids.push(a, b), 20, `${id} gone`, 'for good');
        },
        sleeps: async (counter, id) => {
          counter.ids.push(String(await sleep(10, `${id} slept`)));
          await promisify(setTimeout)(5);
          await scheduler.wait(5);
        },
        beats: async (counter, id) => {
          let left = 2;
          for await (const _ of beats(5)) {
            counter.ids.push(`${id} beat`);
            if (--left === 0) break;
          }
        },
        turns: async (counter, id) => {
          await turn();
          await scheduler.yield();
          await new Promise<void>((resolve) => setImmediate(resolve));
          counter.ids.push(`${id} turned`);
        },
        aborts: async (counter) => {
          const signal = AbortSignal.timeout(10);
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          counter.ids.push((signal.reason as Error).name);
        },
      },
      settings,
    );
    const [primary] = nodes;
    const ids = ['waits1', 'evicts1', 'sleeps1', 'beats1', 'turns1', 'aborts1'].flatMap((id) => [id, `${id}2`]);
    const answers = await Promise.all(ids.map((id) => call(primary, id)));
    expect(answers.map((answer) => answer?.error)).toEqual(ids.map(() => null));
    await stage.until(() => primary?.status.timers === 0);
    expect(primary?.counter.ids.filter((id) => id === 'for good')).toHaveLength(2);
    expect(primary?.counter.ids.filter((id) => id.endsWith('beat'))).toHaveLength(4);
    expect(primary?.counter.ids.filter((id) => id === 'TimeoutError')).toHaveLength(2);
    for (const ms of seen) expect(ms).toBeGreaterThanOrEqual(30);
    if (replication === 'passive') return;
    await stage.until(agreed(nodes));
    expect(nodes[1]?.counter.ids).toEqual(primary?.counter.ids);
  });

  it('are cleared, refreshed and repeated as real ones', async () => {
    const nodes = await group(
      {
        clears: (counter) => {
          const never = note(counter, 'never');
          clearTimeout(setTimeout(never, 1));
          clearTimeout(+setTimeout(never, 1));
          clearInterval(setInterval(never, 1));
          clearImmediate(setImmediate(never));
          setTimeout(never, 1).unref().close();
          let beat = 0;
          const every = setInterval(() => {
            counter.ids.push(`beat ${++beat}`);
            if (beat === 3) clearInterval(every);
          }, 5);
          setTimeout(note(counter, 'refreshed'), 1).refresh();
        },
      },
      settings,
    );
    const [primary] = nodes;
    await call(primary, 'clears');
    await stage.until(() => primary?.status.timers === 0);
    expect(primary?.counter.ids.toSorted()).toEqual(['beat 1', 'beat 2', 'beat 3', 'clears', 'refreshed']);
    if (replication === 'semi-active') await stage.until(agreed(nodes));
  });

  it('fire once at the successor, where a handler waits for them', async () => {
    const nodes = await group(
      {
        evicts: (counter, id) => {
          setTimeout(note(counter, `${id} gone`), 500);
        },
      },
      settings,
    );
    const [primary, backup] = nodes;
    await Promise.all(['evicts1', 'evicts2'].map((id) => call(primary, id)));
    await stage.until(() => backup?.status.heldUpTo === primary?.status.heldUpTo);
    primary?.crash();
    await stage.until(() => backup?.status.role === 'primary' && backup.status.timers === 0);
    expect(backup?.counter.ids.toSorted()).toEqual(['evicts1', 'evicts1 gone', 'evicts2', 'evicts2 gone']);
  });

  it('do not keep a replica from joining', async () => {
    const nodes = await group(
      {
        evicts: (counter, id) => {
          setTimeout(note(counter, `${id} gone`), 1500);
        },
      },
      settings,
    );
    const [primary] = nodes;
    await call(primary, 'evicts1');
    const third = await stage.start('r3');
    expect(primary?.status.timers).toBe(1);
    await stage.until(() => primary?.status.inSync.length === 3);
    await stage.until(() => primary?.status.timers === 0);
    if (replication === 'passive') return;
    await stage.until(() => third.counter.ids.length === 2 && agreed([...nodes, third])());
    expect(third.counter.ids).toEqual(['evicts1', 'evicts1 gone']);
  });
});

describe('timers', () => {
  it('that are too long are refused in a handler, with what to use instead', async () => {
    const errors: string[] = [];
    const [primary] = await group({
      long: () => {
        try {
          setTimeout(() => {}, 60_001);
        } catch (error) {
          errors.push((error as Error).message);
        }
      },
    });
    await call(primary, 'long');
    expect(errors[0]).toContain('replica.after(60001');
  });

  it('whose callback throws end the call of their handler, not the process', async () => {
    const nodes = await group({
      throws: () =>
        new Promise(() => {
          setTimeout(() => {
            throw new Error('in a timer');
          }, 1);
        }),
    });
    expect((await call(nodes[0], 'throws'))?.error).toMatchObject({ code: 2 });
    await stage.until(agreed(nodes));
  });

  it('outside of handlers are real', async () => {
    await group({});
    const timer = setTimeout(() => {}, 1);
    expect(timer.constructor.name).toBe('Timeout');
    clearTimeout(timer);
    expect(setTimeout.name).toBe('setTimeout');
    const context = new AsyncLocalStorage<number>();
    expect(await context.run(7, () => new Promise((resolve) => setTimeout(() => resolve(context.getStore()), 1)))).toBe(
      7,
    );
  });
});
