/** The contract between a coordinator and the replicas that rely on it, as tests that every coordinator runs. */
import type { Coordinator, CoordinatorFactory, Epoch, GroupRecord } from '@understudy/core';
import { NO_EPOCH } from '@understudy/core/internal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sampleMember, sampleRecord } from './sample-records.js';

/** An empty place for records, and how to remove it. */
export interface ContractSubject {
  readonly factory: CoordinatorFactory;
  readonly remove: () => Promise<void>;
  /** Deletes all that is kept for a group, as somebody else would. */
  readonly destroy: (group: string) => Promise<unknown>;
  /** Whether a watch says what was there before it was deleted. */
  readonly tellsLast: boolean;
}

const GROUP = 'bank';
const epochOf = (epoch: number): Epoch => epoch as Epoch;

/**
 * Registers the vitest tests that every Coordinator must pass.
 *
 * @param name where the coordinator keeps its records, for the titles: 'in etcd'
 * @param make called before each test
 */
export function coordinatorContract(name: string, make: () => Promise<ContractSubject>): void {
  describe(`a coordinator that keeps its records ${name}`, () => {
    let subject: ContractSubject;
    let opened: Coordinator[];
    const open = (group = GROUP): Coordinator => {
      const coordinator = subject.factory(group);
      opened.push(coordinator);
      return coordinator;
    };

    beforeEach(async () => {
      subject = await make();
      opened = [];
    });
    afterEach(async () => {
      await Promise.all(opened.map((coordinator) => coordinator.close()));
      await subject.remove();
    });

    describeSwaps(open);
    describeWatch(open);
    describeLoss(open, () => subject);
    describePresence(open);
  });
}

function describeLoss(open: Open, subject: () => ContractSubject): void {
  it('tells a watch of a record that was deleted, and again of the one that was put back', async () => {
    const coordinator = open();
    for (const epoch of [1, 2]) await coordinator.compareAndSwap(epochOf(epoch - 1), sampleRecord(GROUP, epoch));
    const told: unknown[] = [];
    const watched = new Promise<void>((resolve, reject) => {
      const tell = (what: unknown, isLast: boolean) => {
        told.push(what);
        if (isLast) resolve();
      };
      open().watch(
        (record) => tell(record.epoch, told.length > 1),
        reject,
        (last) => {
          tell(last?.epoch, false);
          open()
            .putBack(sampleRecord(GROUP, 2))
            .then((result) => tell(result, false), reject);
        },
      );
    });
    const settled = watched.then(() => told);
    await new Promise<void>((resolve) => {
      const look = () => (told.length > 0 ? resolve() : setTimeout(look, 5));
      look();
    });
    await subject().destroy(GROUP);
    const last = subject().tellsLast ? 2 : undefined;
    const inOrder = (await settled).filter((what) => typeof what !== 'object');
    expect(inOrder).toEqual([2, last, 2]);
    expect(await open().read()).toEqual(sampleRecord(GROUP, 2));
  });

  it('lists a replica again whose announcement was deleted with the record', async () => {
    const coordinator = open();
    await coordinator.compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1));
    const presence = { member: sampleMember(1), address: '10.0.0.1:1', epoch: epochOf(1) };
    await coordinator.announce(presence);
    await subject().destroy(GROUP);
    while ((await open().present()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await open().present()).toEqual([presence]);
  });

  it('puts no record back over one of its epoch or of a later one', async () => {
    const coordinator = open();
    await coordinator.compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1));
    const conflict = { kind: 'conflict', current: sampleRecord(GROUP, 1) };
    expect(await open().putBack(sampleRecord(GROUP, 1, 9))).toEqual(conflict);
    expect(await open().putBack(sampleRecord(GROUP, 7, 9))).toEqual({ kind: 'swapped' });
    expect(await coordinator.compareAndSwap(epochOf(7), sampleRecord(GROUP, 8))).toEqual({ kind: 'swapped' });
    expect(await open().putBack(sampleRecord(GROUP, 7, 9))).toMatchObject({ kind: 'conflict' });
    await expect(open().putBack({ ...sampleRecord(GROUP, 9), inSync: [] })).rejects.toMatchObject({
      code: 'UNDERSTUDY_COORDINATOR',
    });
  });

  it('lets exactly one of many replicas put a record back where there is none', async () => {
    const results = await Promise.all([1, 2, 3, 4].map((by) => open().putBack(sampleRecord(GROUP, 5, by))));
    expect(results.filter(({ kind }) => kind === 'swapped')).toHaveLength(1);
    expect((await open().read())?.epoch).toBe(5);
  });
}

type Open = (group?: string) => Coordinator;

function describeSwaps(open: Open): void {
  it('has no record before one is created', async () => {
    expect(await open().read()).toBeUndefined();
  });

  it('shows a record that one replica created to every other', async () => {
    expect(await open().compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1))).toEqual({ kind: 'swapped' });
    expect(await open().read()).toEqual(sampleRecord(GROUP, 1));
  });

  it('lets exactly one of many replicas create the record, and shows that record to the others', async () => {
    const contenders = Array.from({ length: 8 }, (_, i) => ({ by: i + 1, coordinator: open() }));
    const results = await Promise.all(
      contenders.map(({ by, coordinator }) => coordinator.compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1, by))),
    );
    const winners = contenders.filter((_, i) => results[i]?.kind === 'swapped');
    expect(winners).toHaveLength(1);
    const current = sampleRecord(GROUP, 1, winners[0]?.by);
    expect(results.filter((result) => result.kind !== 'swapped')).toEqual(
      Array.from({ length: 7 }, () => ({ kind: 'conflict', current })),
    );
    expect(await open().read()).toEqual(current);
  });

  it('lets exactly one of many replicas make each later change', async () => {
    const coordinators = [1, 2, 3].map((by) => ({ by, coordinator: open() }));
    for (let epoch = 0; epoch < 5; epoch++) {
      const swaps = coordinators.map(({ by, coordinator }) =>
        coordinator.compareAndSwap(epochOf(epoch), sampleRecord(GROUP, epoch + 1, by)),
      );
      const kinds = (await Promise.all(swaps)).map((result) => result.kind);
      expect(kinds.sort()).toEqual(['conflict', 'conflict', 'swapped']);
    }
    expect((await open().read())?.epoch).toBe(5);
  });

  it('refuses a change of an older record, and shows the current one', async () => {
    const coordinator = open();
    for (const epoch of [1, 2, 3]) await coordinator.compareAndSwap(epochOf(epoch - 1), sampleRecord(GROUP, epoch));
    const conflict = { kind: 'conflict', current: sampleRecord(GROUP, 3) };
    for (const epoch of [1, 2, 3]) {
      expect(await open().compareAndSwap(epochOf(epoch - 1), sampleRecord(GROUP, epoch, 9))).toEqual(conflict);
    }
    expect(await coordinator.read()).toEqual(conflict.current);
  });

  it('refuses a change of a record that does not exist yet', async () => {
    const result = await open().compareAndSwap(epochOf(4), sampleRecord(GROUP, 5));
    expect(result).toEqual({ kind: 'conflict', current: undefined });
  });

  it('answers a change that is tried again with a conflict that shows the changed record', async () => {
    const record = sampleRecord(GROUP, 1);
    await open().compareAndSwap(NO_EPOCH, record);
    expect(await open().compareAndSwap(NO_EPOCH, record)).toEqual({ kind: 'conflict', current: record });
  });

  it.each([
    ['skips an epoch', sampleRecord(GROUP, 2)],
    ['keeps the epoch', sampleRecord(GROUP, 0)],
    ['belongs to another group', sampleRecord('shop', 1)],
    ['has a primary that is not in sync', { ...sampleRecord(GROUP, 1), inSync: [] } satisfies GroupRecord],
  ])('rejects a record that %s', async (_what, next) => {
    const coordinator = open();
    await expect(coordinator.compareAndSwap(NO_EPOCH, next)).rejects.toMatchObject({ code: 'UNDERSTUDY_COORDINATOR' });
    expect(await coordinator.read()).toBeUndefined();
  });

  it('keeps the records of groups apart, whatever the groups are called', async () => {
    const names = [
      'bank',
      'Bank',
      'bank.json',
      '..',
      '../bank',
      'a/b',
      'a%002fb',
      'ä',
      '\ud800',
      '\ud801',
      '',
      ' ',
      '\0',
    ];
    const groups = [...names, 'x'.repeat(1_000), 'x'.repeat(1_001)];
    for (const [i, group] of groups.entries()) {
      const created = await open(group).compareAndSwap(NO_EPOCH, sampleRecord(group, 1, i + 1));
      expect(created, JSON.stringify(group.slice(0, 20))).toEqual({ kind: 'swapped' });
    }
    for (const [i, group] of groups.entries()) expect(await open(group).read()).toEqual(sampleRecord(group, 1, i + 1));
  });

  it('rejects reads and answers changes with unknown after it was closed', async () => {
    const coordinator = open();
    await coordinator.close();
    await coordinator.close();
    await expect(coordinator.read()).rejects.toMatchObject({ code: 'UNDERSTUDY_COORDINATOR' });
    expect((await coordinator.compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1))).kind).toBe('unknown');
    expect(await open().read()).toBeUndefined();
  });
}

/** Watches a record; `reached` resolves when the watch was told of an epoch. */
function watching(coordinator: Coordinator) {
  const epochs: number[] = [];
  const waiting = new Set<() => void>();
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const end = coordinator.watch((record) => {
    epochs.push(record.epoch);
    for (const look of waiting) look();
  }, fail);
  const reached = (epoch: number): Promise<void> => {
    const arrived = new Promise<void>((resolve) => {
      const look = () => (epochs.at(-1) ?? 0) >= epoch && resolve();
      waiting.add(look);
      look();
    });
    return Promise.race([arrived, failed]);
  };
  return { epochs, reached, end };
}

function describeWatch(open: Open): void {
  it('tells a watch the current record once, then each newer one', async () => {
    await open().compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1));
    const watch = watching(open());
    await watch.reached(1);
    await open().compareAndSwap(epochOf(1), sampleRecord(GROUP, 2));
    await watch.reached(2);
    expect(watch.epochs).toEqual([1, 2]);
  });

  it('tells a watch a record that was created after the watch began', async () => {
    const watch = watching(open());
    await open().compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1));
    await watch.reached(1);
  });

  it('tells every watch the last of many changes, and never an older record after a newer one', async () => {
    const watches = [1, 2, 3].map(() => watching(open()));
    const writer = open();
    for (let epoch = 1; epoch <= 40; epoch++) {
      expect(await writer.compareAndSwap(epochOf(epoch - 1), sampleRecord(GROUP, epoch))).toEqual({ kind: 'swapped' });
    }
    for (const watch of watches) {
      await watch.reached(40);
      expect(watch.epochs).toEqual([...new Set(watch.epochs)].sort((a, b) => a - b));
    }
  });

  it('tells nothing to a watch that ended, or whose coordinator was closed', async () => {
    const coordinator = open();
    const [ended, closed, other] = [watching(open()), watching(coordinator), watching(open())];
    await open().compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1));
    await Promise.all([ended, closed, other].map((watch) => watch.reached(1)));
    ended.end();
    ended.end();
    await coordinator.close();
    await open().compareAndSwap(epochOf(1), sampleRecord(GROUP, 2));
    await other.reached(2);
    // A watch that began later has been told by now, so a watch that still looked would have been told too.
    await watching(open()).reached(2);
    expect([ended.epochs, closed.epochs]).toEqual([[1], [1]]);
  });
}

function describePresence(open: Open): void {
  const presence = (number: number, address = `127.0.0.1:${number}`) => ({ member: sampleMember(number), address });

  it('lists no replica before one announces itself', async () => {
    expect(await open().present()).toEqual([]);
  });

  it('lists the replicas that run, in the order of their names', async () => {
    await open().announce(presence(2));
    await open().announce(presence(1));
    expect(await open().present()).toEqual([presence(1), presence(2)]);
  });

  it('keeps the address at which other replicas reach one that has such an address', async () => {
    const announced = { ...presence(1), peerAddress: '127.0.0.1:9' };
    await open().announce(announced);
    expect(await open().present()).toEqual([announced]);
  });

  it('replaces the earlier announcement of the same replica', async () => {
    const coordinator = open();
    await coordinator.announce(presence(1));
    const reborn = { member: { ...sampleMember(2), id: sampleMember(1).id }, address: '127.0.0.1:9' };
    await coordinator.announce(reborn);
    expect(await open().present()).toEqual([reborn]);
  });

  it('forgets a replica that closed its coordinator, but not a successor of the same name', async () => {
    const [first, second] = [open(), open()];
    await first.announce(presence(1));
    await second.announce(presence(1, '127.0.0.1:9'));
    await first.close();
    expect(await open().present()).toEqual([presence(1, '127.0.0.1:9')]);
    await second.close();
    expect(await open().present()).toEqual([]);
  });

  it('keeps the replicas of groups apart', async () => {
    await open().announce(presence(1));
    expect(await open('shop').present()).toEqual([]);
  });
}
