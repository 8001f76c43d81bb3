/** A healthy group of three replicas, for tests that change one thing. */
import type { Epoch, GroupRecord, Incarnation, OrderNum, ReplicaId, Term } from '@understudy/core';
import type { ReplicaReport } from '../admin/report.js';
import type { LiveRow, LiveStatus } from '../group/live-status.js';

const member = (number: number) => ({
  id: `bank-${number}` as ReplicaId,
  incarnation: `0${number}`.repeat(16) as Incarnation,
});
const [first, second, third] = [member(1), member(2), member(3)];

export const sampleRecord: GroupRecord = {
  ...{ version: 1, group: 'bank', origin: first.incarnation, secret: 'of tests' },
  ...{ epoch: 3 as Epoch, term: 1 as Term, primary: first, inSync: [first, second, third] },
  addresses: { 'bank-1': '127.0.0.1:1', 'bank-2': '127.0.0.2:1', 'bank-3': '127.0.0.3:1' },
  ...{ adoptedThrough: [], settings: '{"leaseMs":300}', forced: false, ended: false },
  code: [{ term: 1 as Term, version: 'bank@1', replication: 'semi-active' }],
};

/** The same group after a message that killed two primaries. */
export const poisonedRecord: GroupRecord = {
  ...sampleRecord,
  epoch: 9 as Epoch,
  deaths: {
    ...{ unjudged: false, unexplained: 0, careUntilMs: 0, suspects: [] },
    poisoned: [
      { orderNum: 7 as OrderNum, term: 2, deaths: 2, method: '/bank.Bank/Pay', digest: '0a1b2c3d', refusedUntilMs: 0 },
    ],
  },
};

const NOW_MS = 1_700_000_000_000;

const report: Omit<ReplicaReport, 'replica' | 'role'> = {
  ...{ term: 1, epoch: 3, primary: 'bank-1', inSync: sampleRecord.inSync, digest: 'd1', version: 'bank@1' },
  ...{ heldUpTo: 40, processedUpTo: 40, stableUpTo: 40, sessions: 1, logLength: 0, waitingToRelease: 0 },
  ...{
    settings: '{"leaseMs":300}',
    members: [],
    blocked: undefined,
    degraded: undefined,
    recordChange: undefined,
    leaving: undefined,
  },
  ...{ refusedBodies: 0, strayErrors: 0, unordered: 0, keptBytes: 0, divergences: 0, forgedOrders: 0 },
  statesEqualUpTo: 40,
  diverging: [],
  ...{ nowMs: NOW_MS, livenessAddress: '127.0.0.1:2' },
};

export const sampleReport = (role: ReplicaReport['role'], change: Partial<ReplicaReport> = {}): ReplicaReport => ({
  ...report,
  ...{ role, replica: first, ...change },
});

/** @param change changes the report of this row */
export const sampleRow = (number: 1 | 2 | 3, change: Partial<ReplicaReport> = {}): LiveRow => ({
  ...member(number),
  ...{ role: number === 1 ? 'primary' : 'in sync', runs: true, address: `127.0.0.${number}:1`, lag: 0 },
  told: {
    report: sampleReport(number === 1 ? 'primary' : 'backup', { ...change, replica: member(number) }),
    ...{ askedAtMs: NOW_MS - 2, answeredAtMs: NOW_MS + 2 },
  },
});

export const sampleStatus = (change: Partial<LiveStatus> = {}): LiveStatus => ({
  ...{ group: 'bank', record: sampleRecord, problems: [] },
  replicas: [sampleRow(1), sampleRow(2), sampleRow(3)],
  ...change,
});
