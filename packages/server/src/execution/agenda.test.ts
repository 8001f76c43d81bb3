import type { Server, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import '../index.js';
import type { ReplicaRuntime } from '../replica/replica-runtime.js';
import { type Counter, counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

type Call = ServerUnaryCall<{ id: string; by: number }, number>;
type Handler = (replica: ReplicaRuntime, counter: Counter, id: string) => unknown;

const DO = { ...counterService.Add, path: '/test.Agenda/Do' };

let stage: Stage;
afterEach(() => stage.end());

/** A service whose handlers do what the test says, by the id of the call without its number. */
const serving =
  (handlers: Readonly<Record<string, Handler>>, replicaOf: (counter: Counter) => ReplicaRuntime) =>
  (server: Server, counter: Counter): void =>
    server.addService({ Do: DO } as never, {
      Do: async (call: Call, callback: sendUnaryData<number>) => {
        const { id } = call.request;
        try {
          await handlers[id.replace(/\d+$/, '')]?.(replicaOf(counter), counter, id);
          counter.value += 1;
          counter.ids.push(id);
          callback(null, counter.value);
        } catch (error) {
          const { name, message, code } = error as Error & { code?: string };
          counter.ids.push(`${id} ${name} ${message} ${code}`);
          callback({ code: 9, details: message });
        }
      },
    });

interface Timed {
  readonly settings?: Record<string, unknown>;
  readonly register?: (replica: ReplicaRuntime, counter: Counter) => void;
}

async function group(handlers: Readonly<Record<string, Handler>>, { settings = {}, register }: Timed = {}) {
  const replicaOf = (counter: Counter) =>
    stage.nodes.find((node) => node.counter === counter)?.replica as ReplicaRuntime;
  stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS, ...settings }, [], serving(handlers, replicaOf));
  const start = async (id: string): Promise<Node> => {
    const node = await stage.bind(id);
    register?.(node.replica, node.counter);
    await node.start();
    return node;
  };
  const [primary, backup] = [await start('r1'), await start('r2')];
  await stage.until(() => primary.status.inSync.length === 2);
  return { primary, backup, start };
}

const call = (node: Node, id: string) => node.callAt(DO.path, { id, by: 1 });
const agreed =
  (...nodes: readonly Node[]) =>
  () =>
    new Set(nodes.map(({ status }) => `${status.processedUpTo} ${status.digest}`)).size === 1;

describe.each(['semi-active', 'passive'])('timers that are data (%s)', (replication) => {
  const settings = { replication };
  const register = (replica: ReplicaRuntime, counter: Counter): void => {
    replica.on<{ id: string }>('expire', async ({ id }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      counter.ids.push(`${id} expired`);
    });
  };

  it('run at the same place on every replica, unless they are cancelled', async () => {
    const handlers: Record<string, Handler> = {
      arms: (replica, _, id) => void replica.after(20, 'expire', { id }),
      cancels: (replica, _, id) => replica.cancel(replica.after(20, 'expire', { id })),
    };
    const { primary, backup } = await group(handlers, { settings, register });
    for (const id of ['arms1', 'cancels1', 'arms2']) expect((await call(primary, id)).error).toBeNull();
    await stage.until(() => primary.counter.ids.includes('arms2 expired'));
    expect(primary.counter.ids).toEqual(expect.arrayContaining(['arms1 expired']));
    expect(primary.counter.ids).not.toContain('cancels1 expired');
    expect(primary.status.timers).toBe(0);
    if (replication === 'passive') return;
    await stage.until(() => backup.counter.ids.length === 5 && agreed(primary, backup)());
    expect(backup.counter.ids).toEqual(primary.counter.ids);
  });

  it('survive their primary, and are known to replicas that join', async () => {
    const handlers: Record<string, Handler> = {
      arms: (replica, _, id) => void replica.after(1500, 'expire', { id }),
    };
    const { primary, backup, start } = await group(handlers, { settings, register });
    await call(primary, 'arms1');
    const third = await start('r3');
    await stage.until(() => primary.status.inSync.length === 3);
    primary.crash();
    const nodes = [backup, third];
    await stage.until(() => nodes.some(({ counter }) => counter.ids.includes('arms1 expired')));
    if (replication === 'semi-active') await stage.until(agreed(backup, third));
    const next = nodes.find(({ status }) => status.role === 'primary');
    expect(next?.counter.ids).toEqual(['arms1', 'arms1 expired']);
  });

  it('repeat, and go on at the successor', async () => {
    const often = (replica: ReplicaRuntime, counter: Counter): void =>
      replica.every(20, 'sweep', () => void counter.ids.push('swept'));
    const { primary, backup } = await group({}, { settings, register: often });
    await stage.until(() => primary.counter.ids.length >= 3);
    primary.crash();
    await stage.until(() => backup.status.role === 'primary');
    const before = backup.counter.ids.length;
    await stage.until(() => backup.counter.ids.length >= before + 3);
  });
});

describe('the registration of a timer', () => {
  it('is refused where replicas would differ', async () => {
    const { primary } = await group(
      {
        unknown: (replica) => void replica.after(1, 'nobody'),
        huge: (replica) => void replica.after(1, 'expire', 'x'.repeat(70_000)),
        copied: (replica) => void replica.after(1, 'expire', () => {}),
      },
      { register: (replica) => replica.on('expire', () => {}) },
    );
    expect((await call(primary, 'unknown')).error?.details).toContain('replica.on()');
    expect((await call(primary, 'huge')).error?.details).toContain('65536');
    expect((await call(primary, 'copied')).error?.details).toContain('give data');
    expect(() => primary.replica.on('late', () => {})).toThrow('after start()');
    expect(() => primary.replica.every(10, 'late', () => {})).toThrow('after start()');
    expect(() => primary.replica.after(1, 'expire')).toThrow('UNDERSTUDY_OUT_OF_ORDER');
    await expect(primary.replica.once('x', () => 1)).rejects.toThrow('UNDERSTUDY_OUT_OF_ORDER');
  });
});

describe.each(['semi-active', 'passive'])('an effect in the outside world (%s)', (replication) => {
  const settings = { replication };

  it('happens once, and all replicas get its result or its error', async () => {
    const keys: string[] = [];
    const handlers: Record<string, Handler> = {
      charges: async (replica, counter, id) => {
        const receipt = await replica.once('charge', async (key) => {
          keys.push(key);
          await new Promise((resolve) => setTimeout(resolve, 5));
          return { receipt: `${Math.random()}`, at: new Date(), for: id };
        });
        counter.ids.push(JSON.stringify(receipt));
        counter.ids.push(String(receipt.at instanceof Date));
      },
      fails: async (replica) => {
        await replica.once('charge', () => {
          throw Object.assign(new RangeError('no money'), { code: 'E_MONEY' });
        });
      },
      large: async (replica) => {
        await replica.once('charge', () => 'x'.repeat(2 ** 20));
      },
    };
    const { primary, backup } = await group(handlers, { settings });
    const answers = await Promise.all(['charges1', 'charges2'].map((id) => call(primary, id)));
    expect(answers.map(({ error }) => error)).toEqual([null, null]);
    expect(new Set(keys).size).toBe(2);
    expect((await call(primary, 'fails1')).error?.details).toBe('no money');
    expect(primary.counter.ids).toContain('fails1 RangeError no money E_MONEY');
    expect((await call(primary, 'large')).error?.details).toContain('more than 1048576');
    expect(keys).toHaveLength(2);
    if (replication === 'passive') return;
    await stage.until(agreed(primary, backup));
    expect(backup.counter.ids).toEqual(primary.counter.ids);
  });

  it('holds up no other call, and a successor that lacks the result repeats it under its key', async () => {
    const keys: string[] = [];
    const waiting: ((receipt: string) => void)[] = [];
    const handlers: Record<string, Handler> = {
      charges: async (replica, counter) => {
        const receipt = await replica.once('charge', (key) => {
          keys.push(key);
          return new Promise<string>((resolve) => waiting.push(resolve));
        });
        counter.ids.push(receipt);
      },
    };
    const { primary, backup } = await group(handlers, { settings });
    const lost = call(primary, 'charges1');
    await stage.until(() => waiting.length === 1);
    expect(await primary.add('between', 1)).toEqual({ error: null, value: 1 });
    primary.crash();
    expect((await lost).error).not.toBeNull();
    await stage.until(() => waiting.length === 2);
    expect(keys[1]).toBe(keys[0]);
    waiting[0]?.('too late');
    waiting[1]?.('second');
    await stage.until(() => backup.counter.ids.includes('charges1'));
    expect(backup.counter.ids).toEqual(['between', 'second', 'charges1']);
  });

  it('may happen in the handler of a timer, also several at a time', async () => {
    let atOnce = 0;
    let most = 0;
    const register = (replica: ReplicaRuntime, counter: Counter): void => {
      replica.on<string>('mail', async (id) => {
        const sent = await replica.once('mail', async () => {
          most = Math.max(most, ++atOnce);
          await new Promise((resolve) => setTimeout(resolve, 10));
          atOnce--;
          return `${id} sent`;
        });
        counter.ids.push(sent);
      });
    };
    const handlers: Record<string, Handler> = {
      mails: (replica, _, id) => {
        for (let i = 0; i < 70; i++) replica.after(1, 'mail', `${id} ${i}`);
      },
    };
    const { primary, backup } = await group(handlers, { settings, register });
    await call(primary, 'mails');
    await stage.until(() => primary.counter.ids.length === 71);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(64);
    if (replication === 'passive') return;
    await stage.until(agreed(primary, backup));
    expect(backup.counter.ids).toEqual(primary.counter.ids);
  });
});
