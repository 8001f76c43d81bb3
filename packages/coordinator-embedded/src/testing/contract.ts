import type { Coordinator, CoordinatorFactory, Epoch, GroupRecord } from '@understudy/core';
import { NO_EPOCH } from '@understudy/core/internal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sampleMember, sampleRecord } from './sample-records.js';

/** A place for records that is empty, and how to do away with it. */
export interface ContractSubject {
  readonly factory: CoordinatorFactory;
  readonly remove: () => Promise<void>;
}

const GROUP = 'bank';
const epochOf = (epoch: number): Epoch => epoch as Epoch;

/** What every Coordinator owes to the replicas that rely on it, as tests of vitest. */
export function coordinatorContract(name: string, make: () => Promise<ContractSubject>): void {
  describe(`the coordinator contract: ${name}`, () => {
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
    describePresence(open);
  });
}

type Open = (group?: string) => Coordinator;

function describeSwaps(open: Open): void {
  it('has no record before one is created', async () => {
    expect(await open().read()).toBeUndefined();
  });

  it('gives to every replica what one has created', async () => {
    expect(await open().compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1))).toEqual({ kind: 'swapped' });
    expect(await open().read()).toEqual(sampleRecord(GROUP, 1));
  });

  it('lets one of many create the record, and shows it to the others', async () => {
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

  it('lets one of many win each later change too', async () => {
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

  it('refuses a change of what is not the record any more, and shows what is', async () => {
    const coordinator = open();
    for (const epoch of [1, 2, 3]) await coordinator.compareAndSwap(epochOf(epoch - 1), sampleRecord(GROUP, epoch));
    const conflict = { kind: 'conflict', current: sampleRecord(GROUP, 3) };
    for (const epoch of [1, 2, 3]) {
      expect(await open().compareAndSwap(epochOf(epoch - 1), sampleRecord(GROUP, epoch, 9))).toEqual(conflict);
    }
    expect(await coordinator.read()).toEqual(conflict.current);
  });

  it('refuses a change of a record that is still to come', async () => {
    const result = await open().compareAndSwap(epochOf(4), sampleRecord(GROUP, 5));
    expect(result).toEqual({ kind: 'conflict', current: undefined });
  });

  it('answers the same change, tried once more, with a conflict that shows it', async () => {
    const record = sampleRecord(GROUP, 1);
    await open().compareAndSwap(NO_EPOCH, record);
    expect(await open().compareAndSwap(NO_EPOCH, record)).toEqual({ kind: 'conflict', current: record });
  });

  it.each([
    ['leaves out an epoch', sampleRecord(GROUP, 2)],
    ['keeps the epoch', sampleRecord(GROUP, 0)],
    ['is of another group', sampleRecord('shop', 1)],
    ['has no primary in sync', { ...sampleRecord(GROUP, 1), inSync: [] } satisfies GroupRecord],
  ])('rejects a record that %s', async (_what, next) => {
    const coordinator = open();
    await expect(coordinator.compareAndSwap(NO_EPOCH, next)).rejects.toMatchObject({ code: 'UNDERSTUDY_COORDINATOR' });
    expect(await coordinator.read()).toBeUndefined();
  });

  it('keeps groups apart, whatever their names', async () => {
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

  it('does nothing more once it was closed', async () => {
    const coordinator = open();
    await coordinator.close();
    await coordinator.close();
    await expect(coordinator.read()).rejects.toMatchObject({ code: 'UNDERSTUDY_COORDINATOR' });
    expect((await coordinator.compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1))).kind).toBe('unknown');
    expect(await open().read()).toBeUndefined();
  });
}

/** A watch whose records can be awaited. */
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
  it('tells a watch of the current record once', async () => {
    await open().compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1));
    const watch = watching(open());
    await watch.reached(1);
    await open().compareAndSwap(epochOf(1), sampleRecord(GROUP, 2));
    await watch.reached(2);
    expect(watch.epochs).toEqual([1, 2]);
  });

  it('tells a watch of a record that was created after it began', async () => {
    const watch = watching(open());
    await open().compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1));
    await watch.reached(1);
  });

  it('tells every watch the latest of many changes, and never an older one after a newer', async () => {
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

  it('tells nothing to a watch that ended, nor to one whose coordinator was closed', async () => {
    const coordinator = open();
    const [ended, closed, other] = [watching(open()), watching(coordinator), watching(open())];
    await open().compareAndSwap(NO_EPOCH, sampleRecord(GROUP, 1));
    await Promise.all([ended, closed, other].map((watch) => watch.reached(1)));
    ended.end();
    ended.end();
    await coordinator.close();
    await open().compareAndSwap(epochOf(1), sampleRecord(GROUP, 2));
    await other.reached(2);
    // A watch that still looked would have been told by now, as one that began later was.
    await watching(open()).reached(2);
    expect([ended.epochs, closed.epochs]).toEqual([[1], [1]]);
  });
}

function describePresence(open: Open): void {
  const presence = (number: number, address = `127.0.0.1:${number}`) => ({ member: sampleMember(number), address });

  it('knows of no replica before one says that it runs', async () => {
    expect(await open().present()).toEqual([]);
  });

  it('shows to all which replicas run, by name', async () => {
    await open().announce(presence(2));
    await open().announce(presence(1));
    expect(await open().present()).toEqual([presence(1), presence(2)]);
  });

  it('replaces what a replica said before', async () => {
    const coordinator = open();
    await coordinator.announce(presence(1));
    const reborn = { member: { ...sampleMember(2), id: sampleMember(1).id }, address: '127.0.0.1:9' };
    await coordinator.announce(reborn);
    expect(await open().present()).toEqual([reborn]);
  });

  it('forgets a replica that closed its coordinator, and not its successor of the same name', async () => {
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
