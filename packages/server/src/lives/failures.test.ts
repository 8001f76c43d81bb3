import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { type CoordinatorFactory, type Presence, UnderstudyError } from '@understudy/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

describe('a coordinator that fails', () => {
  it('may lose an answer: the change is looked up, not done twice', async () => {
    stage = new Stage(memoryCoordinator());
    stage.coordinator.faults.loseNextAnswer();
    const node = await stage.start('r1');
    expect(node.status).toMatchObject({ role: 'primary', epoch: 1 });
    expect(stage.logged.join()).toContain('a change of the record waits for the coordinator');
    // The watch may tell of the new record before the replica knows that the change was its own.
    await stage.until(() => node.status.recordChange === undefined);
  });

  it('may be away: calls are answered meanwhile, and changes of the record wait', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    stage.coordinator.faults.setReachable(false);
    expect(await primary.add('a', 5)).toEqual({ error: null, value: 5 });
    backup.crash();
    const waiting = primary.add('b', 2);
    await stage.until(() => stage.logged.join().includes('"change":"silent"'));
    expect(primary.status).toMatchObject({ role: 'primary', blocked: undefined });
    expect(primary.status.recordChange).toMatch(
      /^silent \(epoch 3\) waits for the coordinator: UNDERSTUDY_COORDINATOR/,
    );
    stage.coordinator.faults.setReachable(true);
    expect(await waiting).toEqual({ error: null, value: 7 });
    expect(primary.status).toMatchObject({ recordChange: undefined, inSync: [{ id: 'r1' }] });
    expect(stage.logged.filter((line) => line.includes('waits for the coordinator'))).toHaveLength(1);
    expect(stage.logged.join()).toContain('the record can be changed again');
  });
});

describe('a coordinator that answers and takes no changes', () => {
  it('is waited for by a replica that starts, which says why', async () => {
    const memory = memoryCoordinator();
    let full = true;
    const why = 'it has raised the alarm NOSPACE and takes no changes';
    const failure = () => new UnderstudyError('UNDERSTUDY_COORDINATOR', why);
    const factory: CoordinatorFactory = (group) => {
      const coordinator = memory(group);
      const [announce, compareAndSwap] = [
        coordinator.announce.bind(coordinator),
        coordinator.compareAndSwap.bind(coordinator),
      ];
      return Object.assign(coordinator, {
        announce: async (presence: Presence) => (full ? Promise.reject(failure()) : announce(presence)),
        compareAndSwap: async (...change: Parameters<typeof compareAndSwap>) =>
          full ? { kind: 'unknown' as const, cause: failure() } : compareAndSwap(...change),
      });
    };
    stage = new Stage(Object.assign(factory, { faults: memory.faults }));
    const node = await stage.bind('r1');
    const started = node.start();
    await stage.until(() => stage.logged.some((line) => line.includes('this replica waits') && line.includes(why)));
    expect(node.status.blocked).toContain(why);
    full = false;
    await started;
    expect(node.status).toMatchObject({ role: 'primary', blocked: undefined });
  });
});

describe("the user's state", () => {
  it.each([
    ['throws', 'disk on fire'],
    ['is no bytes', 'it must return a Uint8Array'],
  ])('is not copied where its copy %s: the join fails and says why, and the primary serves on', async (what, said) => {
    // The primary waits for a lease at its end for a replica that was joining.
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const primary = await stage.start('r1');
    primary.counter.checkpoint = () => {
      if (what === 'throws') throw new Error('disk on fire');
      return 'text' as unknown as Uint8Array;
    };
    const learner = await stage.bind('r2', { startTimeoutMs: 1500 });
    await expect(learner.start()).rejects.toThrow(said);
    expect(stage.logged.join()).toMatch(
      /warn the state could not be copied.*error the primary does not take this replica in.*cannot copy its state/s,
    );
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    expect(primary.failed).toBeUndefined();
  });

  it('stops the replica if it cannot be replaced', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    await stage.start('r1');
    const learner = await stage.bind('r2');
    learner.counter.restore = () => {
      throw new Error('disk on fire');
    };
    await expect(learner.start()).rejects.toThrow('state.restore() failed');
    expect(learner.failed?.message).toBe('state.restore() failed');
    expect(learner.status).toMatchObject({ role: 'deposed' });
  });

  it('reaches a replica that joins, even if it has several megabytes', async () => {
    stage = new Stage(memoryCoordinator());
    const primary = await stage.start('r1');
    primary.counter.ids = Array.from({ length: 50_000 }, (_, i) => `an id that takes some room, number ${i}`);
    const learner = await stage.start('r2');
    expect(learner.counter.ids).toEqual(primary.counter.ids);
  });
});
