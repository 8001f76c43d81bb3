import type { Term } from '@understudy/core';
import { describe, expect, it } from 'vitest';
import type { LiveRow, LiveStatus } from '../group/live-status.js';
import { poisonedRecord, sampleRecord, sampleRow, sampleStatus } from '../testing/sample-status.js';
import { clockFindings } from './clock.js';
import type { Finding } from './finding.js';
import { groupFindings } from './group-checks.js';

const bad = (findings: readonly Finding[]) =>
  findings
    .filter(({ severity }) => severity !== 'ok')
    .map(({ severity, check, replica, text }) => [severity, check, replica, text]);
const found = (change: Partial<LiveStatus>) => bad(groupFindings(sampleStatus(change)));
const rows = (...changed: readonly LiveRow[]): readonly LiveRow[] =>
  ([1, 2, 3] as const).map((number) => changed.find(({ id }) => id === `bank-${number}`) ?? sampleRow(number));
const one = (severity: string, check: string, replica: string | undefined, text: RegExp) => [
  [severity, check, replica, expect.stringMatching(text)],
];

describe('the doctor', () => {
  it('finds nothing wrong with a healthy group', () => {
    expect(found({})).toEqual([]);
    expect(groupFindings(sampleStatus()).map(({ check }) => check)).toEqual([
      ...['record', 'members', 'versions', 'settings', 'state'],
    ]);
  });

  it('names the methods in which a replica has differed again and again', () => {
    const diverging = [{ method: '/bank.v1.Bank/Pay', times: 3 }];
    const text = /differed from the primary 3 times in \/bank.v1.Bank\/Pay; mend its handler/;
    expect(found({ replicas: rows(sampleRow(2, { diverging })) })).toEqual(one('wrong', 'state', 'bank-2', text));
  });

  it('passes on what keeps the coordinator from changes', () => {
    expect(found({ problems: ['disarm the alarm'] })).toEqual(one('wrong', 'coordinator', undefined, /disarm/));
  });

  it('names replicas in sync that do not run, and says what to do if none runs', () => {
    const dead = (number: 1 | 2 | 3): LiveRow => {
      const { told: _told, ...row } = sampleRow(number);
      return { ...row, runs: false };
    };
    expect(found({ replicas: rows(dead(2)) })).toEqual(
      one('wrong', 'members', 'bank-2', /does not run; start it again/),
    );
    const late = { ...sampleRow(3), role: 'out of sync' as const };
    const text = found({ replicas: [dead(1), dead(2), late] })[0]?.[3];
    expect(text).toContain('understudy force --group bank --replica bank-3');
  });

  it('warns of a message that is refused because primaries died of it', () => {
    const text = /Bank.Pay with digest 0a1b2c3d at order 7 is refused.*mend the handler/;
    expect(found({ record: poisonedRecord })).toEqual(one('warn', 'record', undefined, text));
  });

  it('warns of a single replica in sync, of an ended group and of a replica out of sync', () => {
    const inSync = sampleRecord.inSync.slice(0, 1);
    const replicas = [sampleRow(1), { ...sampleRow(2), role: 'out of sync' as const }];
    expect(found({ record: { ...sampleRecord, inSync }, replicas })).toEqual([
      ...one('warn', 'members', 'bank-2', /not in sync yet/),
      ...one('warn', 'members', 'bank-1', /only one replica is in sync/),
    ]);
    expect(found({ record: { ...sampleRecord, ended: true } })).toEqual(
      one('warn', 'record', undefined, /begins anew/),
    );
  });

  it('names what a replica waits for, and replicas that cannot be told apart', () => {
    expect(found({ replicas: rows(sampleRow(2, { blocked: 'waits for etcd' })) })).toEqual(
      one('wrong', 'members', 'bank-2', /waits for etcd/),
    );
    expect(found({ replicas: rows({ ...sampleRow(2), address: '127.0.0.1:1' }) })).toEqual(
      one('wrong', 'members', 'bank-2', /as another replica does/),
    );
    const double = { ...sampleRow(1), address: '127.0.0.8:1' };
    expect(found({ replicas: [...rows(), double] })).toEqual(one('wrong', 'members', 'bank-1', /several processes/));
  });

  it('warns of replicas with other code or other settings', () => {
    const code = [{ term: 1 as Term, version: 'bank@2', replication: 'semi-active' as const }];
    const mixed = rows(sampleRow(1, { version: 'bank@2' }), sampleRow(3, { version: 'bank@2' }));
    expect(found({ record: { ...sampleRecord, code }, replicas: mixed })).toEqual(
      one('warn', 'versions', 'bank-2', /runs "bank@1" while the primary's code is "bank@2"/),
    );
    expect(found({ replicas: rows({ ...sampleRow(3), waitsWith: ['leaseMs'] }) })).toEqual(
      one('warn', 'settings', 'bank-3', /leaseMs; give all replicas the same/),
    );
  });

  it('finds replicas whose results differ, and reports each of their counts', () => {
    expect(found({ replicas: rows(sampleRow(3, { digest: 'd2' })) })).toEqual(
      one('wrong', 'state', 'bank-3', /other results than bank-1 after the same 40 calls/),
    );
    expect(found({ replicas: rows(sampleRow(3, { digest: 'd2', role: 'joining' })) })).toEqual([]);
    expect(found({ replicas: rows(sampleRow(1, { divergences: 2 })) })).toEqual(
      one('wrong', 'state', 'bank-1', /differ from the primary.*\(2 since/),
    );
    expect(found({ replicas: rows({ ...sampleRow(2), lag: 20_000 }) })).toEqual(
      one('warn', 'state', 'bank-2', /20000 orders behind/),
    );
  });
});

describe('clocks', () => {
  const nowMs = sampleRow(1).told?.report.nowMs ?? 0;
  const at = (...offsets: readonly number[]) =>
    bad(
      clockFindings(sampleStatus({ replicas: offsets.map((ms, i) => sampleRow((i + 1) as 1, { nowMs: nowMs + ms })) })),
    );

  it('that agree within what can be measured are no finding', () => {
    expect(at(0, 30, -30)).toEqual([]);
  });

  it('of which one is wrong: that one is named, not the majority', () => {
    expect(at(0, 4_000, 20)).toEqual(one('wrong', 'clock', 'bank-2', /4\.0 s ahead of bank-3's/));
    expect(at(-90_000, 0, 0)).toEqual(one('wrong', 'clock', 'bank-1', /90\.0 s behind/));
  });

  it('that agree with each other but not with this machine’s are a warning about this machine', () => {
    expect(at(7_000, 7_000, 7_000)).toEqual(one('warn', 'clock', undefined, /this machine's clock is 7\.0 s behind/));
  });

  it('of replicas that tell no time, or do not answer, are no finding', () => {
    const { told: _told, ...untold } = sampleRow(2);
    const replicas = [sampleRow(1, { nowMs: 0 }), untold];
    expect(clockFindings(sampleStatus({ replicas }))).toEqual([]);
  });
});
