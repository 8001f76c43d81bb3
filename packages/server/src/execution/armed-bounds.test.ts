import type { Server, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { UnderstudyError } from '@understudy/core';
import { afterEach, describe, expect, it } from 'vitest';
import '../index.js';
import type { ReplicaRuntime } from '../replica/replica-runtime.js';
import { type Counter, counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

type Call = ServerUnaryCall<{ id: string; by: number }, number>;
/** Arms one timer. @returns its name, if it has one */
type Arm = (replica: ReplicaRuntime) => string | undefined;

const DO = { ...counterService.Add, path: '/test.Bounds/Do' };
const HOUR_MS = 3_600_000;

let stage: Stage;
afterEach(() => stage.end());

/** A service that arms as many timers as a call says, and notes how many it got and why no more. */
async function group(arm: Arm, settings: Record<string, unknown> = {}): Promise<Node[]> {
  const replicaOf = (counter: Counter) =>
    stage.nodes.find((node) => node.counter === counter)?.replica as ReplicaRuntime;
  const services = (server: Server, counter: Counter): void => {
    const armed: (string | undefined)[] = [];
    server.addService({ Do: DO } as never, {
      Do: ({ request: { id, by } }: Call, callback: sendUnaryData<number>) => {
        const replica = replicaOf(counter);
        for (let i = by; i < 0; i++) replica.cancel(armed.pop() ?? '');
        let count = 0;
        try {
          for (; count < by; count++) armed.push(arm(replica));
          counter.ids.push(`${id}: ${count}`);
        } catch (error) {
          counter.ids.push(`${id}: ${count}, ${error instanceof UnderstudyError ? error.message : String(error)}`);
        }
        callback(null, count);
      },
    });
  };
  stage = new Stage(memoryCoordinator(), settings, [], services);
  const nodes: Node[] = [];
  for (const id of ['r1', 'r2']) {
    const node = await stage.bind(id);
    node.replica.on('expire', () => {});
    await node.start();
    nodes.push(node);
  }
  await stage.until(() => nodes[0]?.status.inSync.length === 2);
  return nodes;
}

const call = async (node: Node | undefined, id: string, by: number) => (await node?.callAt(DO.path, { id, by }))?.value;
const agreed = (nodes: readonly Node[]) => () =>
  new Set(nodes.map(({ status }) => `${status.processedUpTo} ${status.timers}`)).size === 1;

describe('the bound of armed timers', () => {
  it('of after() refuses further ones on all replicas alike, and at a successor, until some are cancelled', async () => {
    const nodes = await group((replica) => replica.after(HOUR_MS, 'expire', 'x'));
    const [primary, backup] = nodes;
    expect(await call(primary, 'some', 40_000)).toBe(40_000);
    expect(await call(primary, 'too many', 40_000)).toBe(25_536);
    expect(await call(primary, 'none', 1)).toBe(0);
    await stage.until(agreed(nodes));
    expect(primary?.status.timers).toBe(65_536);
    expect(backup?.counter.ids).toEqual(primary?.counter.ids);
    expect(primary?.counter.ids[1]).toMatch(
      /^too many: 25536, UNDERSTUDY_OVERLOADED: 65536 timers of after\(\) are armed already; .*replica\.every\(\)/,
    );
    await primary?.replica.stop();
    await stage.until(() => backup?.status.role === 'primary');
    expect(await call(backup, 'cancels', -3)).toBe(0);
    expect(await call(backup, 'again', 10)).toBe(3);
    expect(backup?.status.timers).toBe(65_536);
  });

  it('of after() counts the bytes of payloads', async () => {
    const payload = 'x'.repeat(65_000);
    const nodes = await group((replica) => replica.after(HOUR_MS, 'expire', payload));
    const [primary, backup] = nodes;
    const some = (await call(primary, 'many', 1500)) ?? 0;
    expect(some).toBeGreaterThan(1000);
    expect(some).toBeLessThan(1100);
    await stage.until(agreed(nodes));
    expect(backup?.counter.ids).toEqual(primary?.counter.ids);
    expect(primary?.counter.ids[0]).toContain('more than 67108864 bytes');
  });

  it('of setTimeout() refuses further ones on all replicas alike', async () => {
    const nodes = await group(() => void setTimeout(() => {}, 60_000));
    const [primary, backup] = nodes;
    expect(await call(primary, 'some', 40_000)).toBe(40_000);
    expect(await call(primary, 'too many', 40_000)).toBe(25_536);
    await stage.until(agreed(nodes));
    expect(backup?.counter.ids).toEqual(primary?.counter.ids);
    expect(primary?.counter.ids[1]).toMatch(
      /^too many: 25536, UNDERSTUDY_OVERLOADED: 65536 timers of handlers are armed already/,
    );
  });
});
