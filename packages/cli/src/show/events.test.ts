import type { Epoch, GroupRecord, Term } from '@understudy/core';
import { describe, expect, it } from 'vitest';
import { poisonedRecord, sampleRecord, sampleRow, sampleStatus } from '../testing/sample-status.js';
import { type GroupEvent, recordEvents, statusEvents } from './events.js';

const [first, second, third] = sampleRecord.inSync as readonly [GroupRecord['primary'], ...GroupRecord['inSync']];
const later = (change: Partial<GroupRecord>): GroupRecord => ({ ...sampleRecord, epoch: 9 as Epoch, ...change });
const texts = (events: readonly GroupEvent[]) => events.map(({ level, replica, text }) => [level, replica, text]);

describe('from one record to the next', () => {
  const between = (change: Partial<GroupRecord>) => texts(recordEvents(sampleRecord, later(change)));

  it('a new epoch alone is no event', () => {
    expect(between({})).toEqual([]);
  });

  it('a new primary, leavers and newcomers are events', () => {
    const restarted = { ...first, incarnation: third?.incarnation ?? first.incarnation };
    const inSync = [second, restarted].filter((each) => each !== undefined);
    expect(between({ term: 2 as Term, primary: second ?? first, inSync })).toEqual([
      ['info', 'bank-2', 'is primary in term 2; it was bank-1'],
      ['info', 'bank-1', 'is in sync'],
      ['warn', 'bank-1', 'is not in sync any more'],
      ['warn', 'bank-3', 'is not in sync any more'],
    ]);
  });

  it('a single replica in sync is a warning', () => {
    const told = between({ inSync: [first] });
    expect(told.at(-1)).toEqual(['warn', undefined, expect.stringMatching(/only bank-1 holds everything/)]);
  });

  it('a message that killed primaries is one event, with its method and digest', () => {
    const text =
      'a message of /bank.Bank/Pay with digest 0a1b2c3d at order 7 is refused: 2 primaries died while processing it; mend its handler';
    expect(texts(recordEvents(sampleRecord, poisonedRecord))).toEqual([['warn', undefined, text]]);
    expect(recordEvents(poisonedRecord, { ...poisonedRecord, epoch: 10 as Epoch })).toEqual([]);
  });

  it('changed addresses, settings, code, the end and an operator’s command are events', () => {
    const { 'bank-3': _gone, ...addresses } = sampleRecord.addresses;
    expect(
      between({
        addresses: { ...addresses, 'bank-2': '127.0.0.9:1', 'bank-4': '127.0.0.4:1' },
        settings: '{"leaseMs":500}',
        code: [{ term: 1 as Term, version: 'bank@2', replication: 'semi-active' }],
        ended: true,
        ...{ term: 5 as Term, forced: true },
      }),
    ).toEqual([
      ['info', 'bank-1', 'is primary in term 5, by the word of an operator; it was bank-1'],
      ['info', 'bank-2', 'is at 127.0.0.9:1 now'],
      ['info', 'bank-4', 'belongs to the group, at 127.0.0.4:1'],
      ['info', 'bank-3', 'is removed from the record'],
      ['info', undefined, 'other settings are in force: leaseMs'],
      ['info', undefined, "the primary's code is bank@2"],
      ['warn', undefined, 'ended: its last replica stopped, and the state went with it'],
    ]);
  });
});

describe('from one status to the next', () => {
  const before = sampleStatus();
  const after = (change: Parameters<typeof sampleRow>[1]) =>
    texts(statusEvents(before, sampleStatus({ replicas: [sampleRow(1), sampleRow(2, change), sampleRow(3)] })));

  it('changed roles, waits and counts of faults are events, once each', () => {
    expect(after({})).toEqual([]);
    expect(after({ role: 'promoting', term: 2 })).toEqual([['info', 'bank-2', 'is promoting now, in term 2']]);
    expect(after({ blocked: 'waits for a copy' })).toEqual([['warn', 'bank-2', 'waits for a copy']]);
    expect(after({ divergences: 2 })).toEqual([
      ['warn', 'bank-2', 'a replica differs from the primary, 2 times; its log says more'],
    ]);
    expect(after({ strayErrors: 1, forgedOrders: 1, refusedBodies: 1 })).toHaveLength(3);
    const waits = sampleStatus({ replicas: [sampleRow(1, { blocked: 'x' })] });
    expect(texts(statusEvents(waits, sampleStatus({ replicas: [sampleRow(1)] })))).toEqual([
      ['info', 'bank-1', 'waits no more'],
    ]);
  });

  it('replicas that come, end, fall silent or answer again are events', () => {
    const { told: _told, ...untold } = sampleRow(2);
    const silent = { ...untold, silence: { kind: 'unreachable', why: 'ECONNREFUSED' } } as const;
    const [one, two, three] = [sampleRow(1), sampleRow(2), sampleRow(3)];
    const without = sampleStatus({ replicas: [one, two] });
    const quiet = sampleStatus({ replicas: [one, silent, three] });
    expect(texts(statusEvents(without, before))).toEqual([['info', 'bank-3', 'runs, at 127.0.0.3:1']]);
    expect(texts(statusEvents(before, without))).toEqual([['warn', 'bank-3', 'does not run any more']]);
    expect(texts(statusEvents(before, quiet))).toEqual([['warn', 'bank-2', 'does not answer: ECONNREFUSED']]);
    expect(texts(statusEvents(quiet, quiet))).toEqual([]);
    expect(texts(statusEvents(quiet, before))).toEqual([['info', 'bank-2', 'answers again']]);
  });

  it('a problem of the coordinator is an event when it begins and when it is over', () => {
    const full = sampleStatus({ problems: ['etcd is full'] });
    expect(texts(statusEvents(before, full))).toEqual([['warn', undefined, 'etcd is full']]);
    expect(texts(statusEvents(full, before))).toEqual([['info', undefined, 'over: etcd is full']]);
  });
});
