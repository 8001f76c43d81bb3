import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { Coordinator, Epoch, GroupRecord } from '@understudy/core';
import { expect, it } from 'vitest';
import { type Node, Stage } from '../testing/stage.js';
import { CountingCaller } from './testing/counting-caller.js';

const FORGOTTEN_AFTER = 10;
const GROUP = 'counters';

/** A client that calls without a pause. */
function calls(stage: Stage, targets: readonly string[], carrier: 'stream' | 'rpc' = 'stream') {
  const client = new Client(
    `understudy:///${targets}`,
    credentials.createInsecure(),
    replicated({ serviceConfig: stage.serviceConfig, carrier, logger: stage.logger }),
  );
  return { client, caller: new CountingCaller(client) };
}

it.each([
  [3, 40, 'stream'],
  [3, 20, 'rpc'],
  [1, 10, 'stream'],
] as const)(
  'a client that was given the first of %i replicas loses no call while one after the other, %i in all, is replaced at a new address: carrier %s',
  async (size, generations, carrier) => {
    const stage = new Stage(memoryCoordinator(), { forgetMs: 1000 });
    const coordinator = stage.coordinator(GROUP);
    const start = (name: number): Promise<Node> => stage.start(`pod-${name}-${Math.random().toString(36).slice(2, 7)}`);
    const living: Node[] = [];
    for (let i = 0; i < size; i++) living.push(await start(i));
    const { client, caller } = calls(
      stage,
      living.map(({ address }) => address),
      carrier,
    );
    const names = async (): Promise<string[]> => Object.keys((await coordinator.read())?.addresses ?? {});
    const forgotten = async (): Promise<void> => {
      while ((await names()).length > size) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    let longest = 0;
    for (let generation = 0; generation < generations; generation++) {
      living.push(await start(size + generation));
      await living.shift()?.end();
      longest = Math.max(longest, (await names()).length);
      // Those that are gone are forgotten while others come and go.
      if (generation % FORGOTTEN_AFTER === 0) await forgotten();
    }
    await caller.end();
    await forgotten();
    expect(await names()).toEqual(living.map(({ status }) => status.replica.id));
    expect(longest).toBeLessThanOrEqual(FORGOTTEN_AFTER + 2 * size);
    expect(caller.calls).toBeGreaterThan(generations);
    await understudyClient(client).close();
    await stage.end();
  },
);

it('a client finds a member that came back at another address, also when the coordinator was slow to record it', async () => {
  const fast = memoryCoordinator();
  let slow = false;
  const factory = (group: string): Coordinator => {
    const coordinator = fast(group);
    const { compareAndSwap } = coordinator;
    coordinator.compareAndSwap = async (epoch, next) => {
      // Longer than a client waits before it looks for a member.
      if (slow) await new Promise((resolve) => setTimeout(resolve, 300));
      return compareAndSwap.call(coordinator, epoch, next);
    };
    return coordinator;
  };
  const stage = new Stage(Object.assign(factory, { faults: fast.faults }));
  const [first, second] = await stage.startGroup(2);
  const { client, caller } = calls(stage, [first?.address ?? '']);
  await second?.end();
  slow = true;
  const next = await stage.start('r2');
  await first?.end();
  await stage.until(() => next.status.role === 'primary');
  await caller.answeredMore(1);
  await caller.end();
  slow = false;
  await understudyClient(client).close();
  await stage.end();
});

it('a newcomer is taken into a record that names more replicas than there may be, in place of those that are gone', async () => {
  const stage = new Stage(memoryCoordinator());
  const first = await stage.start('r1');
  const coordinator = stage.coordinator(GROUP);
  const record = (await coordinator.read()) as GroupRecord;
  const dead = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`pod-${i}`, '127.0.0.1:1']));
  const full = { ...record, epoch: (record.epoch + 1) as Epoch, addresses: { ...dead, r1: first.address } };
  expect(await coordinator.compareAndSwap(record.epoch, full)).toEqual({ kind: 'swapped' });
  await stage.start('r2');
  const { addresses } = (await coordinator.read()) as GroupRecord;
  expect(Object.keys(addresses)).toHaveLength(128);
  expect(addresses).toMatchObject({ r1: first.address });
  expect(first.failed).toBeUndefined();
  expect(await first.add('a', 1)).toEqual({ error: null, value: 1 });
  await stage.end();
});
