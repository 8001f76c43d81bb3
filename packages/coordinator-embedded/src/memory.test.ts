import type { Epoch } from '@understudy/core';
import { NO_EPOCH } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { memoryCoordinator } from './memory.js';
import { coordinatorContract } from './testing/contract.js';
import { sampleMember, sampleRecord } from './testing/sample-records.js';

coordinatorContract('in memory', async () => {
  const factory = memoryCoordinator();
  const destroy = async (group: string) => factory.faults.replaceRecord(group, undefined);
  return { factory, remove: async () => {}, destroy, tellsLast: true };
});

const first = sampleRecord('bank', 1);

describe('a memory coordinator that cannot be reached', () => {
  it('rejects every call, and changes nothing', async () => {
    const factory = memoryCoordinator();
    const coordinator = factory('bank');
    factory.faults.setReachable(false);
    const failure = { code: 'UNDERSTUDY_COORDINATOR' };
    await expect(coordinator.read()).rejects.toMatchObject(failure);
    await expect(coordinator.present()).rejects.toMatchObject(failure);
    await expect(coordinator.announce({ member: sampleMember(1), address: 'h:1' })).rejects.toMatchObject(failure);
    expect(await coordinator.compareAndSwap(NO_EPOCH, first)).toMatchObject({ kind: 'unknown', cause: failure });
    factory.faults.setReachable(true);
    expect(await coordinator.read()).toBeUndefined();
  });

  it('tells its watches, and later shows them the record that they missed', async () => {
    const factory = memoryCoordinator();
    const [near, far] = [factory('bank'), factory('bank')];
    const problems: Error[] = [];
    const missed = new Promise<number>((seen) => {
      far.watch(
        (record) => seen(record.epoch),
        (error) => problems.push(error),
      );
    });
    factory.faults.setReachable(false);
    expect((await near.compareAndSwap(NO_EPOCH, first)).kind).toBe('unknown');
    expect(problems).toMatchObject([{ code: 'UNDERSTUDY_COORDINATOR' }]);
    factory.faults.setReachable(true);
    expect((await near.compareAndSwap(NO_EPOCH, first)).kind).toBe('swapped');
    expect(await missed).toBe(1);
  });
});

it('a memory coordinator that loses an answer reports unknown once, though the change took place', async () => {
  const factory = memoryCoordinator();
  const coordinator = factory('bank');
  factory.faults.loseNextAnswer();
  expect((await coordinator.compareAndSwap(NO_EPOCH, first)).kind).toBe('unknown');
  expect(await coordinator.read()).toEqual(first);
  expect(await coordinator.compareAndSwap(1 as Epoch, sampleRecord('bank', 2))).toEqual({ kind: 'swapped' });
});

it('a memory coordinator makes a change after the call has returned, so that calls of one turn race', async () => {
  const factory = memoryCoordinator();
  const results: string[] = [];
  const swaps = [1, 2].map(async (by) => {
    results.push((await factory('bank').compareAndSwap(NO_EPOCH, sampleRecord('bank', 1, by))).kind);
  });
  expect(results).toEqual([]);
  await Promise.all(swaps);
  expect(results).toEqual(['swapped', 'conflict']);
});
