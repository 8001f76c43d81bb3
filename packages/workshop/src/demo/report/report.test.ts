import type { Operation } from '@understudy/examples/bank/operation.js';
import { describe, expect, it } from 'vitest';
import { honestRun } from '../../testing/honest-run.js';

import type { DemoOptions } from '../command/options.js';
import { type Evidence, verify } from '../proof/verify.js';
import { isProven, report } from './report.js';
import type { DriveRecord, ProvenRun, ReplicatedRun } from './runs.js';
import type { TimelineEntry } from './timeline.js';

const OPTIONS: DemoOptions = {
  input: 'operations.csv',
  inFlight: 64,
  replicas: 3,
  kills: 2,
  mode: { replication: 'semi-active', multicast: 'direct', release: 'acknowledged', carrier: 'stream', leaseMs: 300 },
  warmUp: 1_000_000,
  timeoutS: 60,
  keep: false,
};

const OPERATIONS = Array.from(
  { length: 200 },
  (_, i): Operation => ({ kind: 'deposit', id: i + 1, account: `account-${i % 7}`, to: '', amountCents: 1 }),
);

const TIMELINE: TimelineEntry[] = [
  { kind: 'serves', atMs: -2_000, term: 1, replica: 'bank-1', inSync: 3, gapMs: undefined },
  { kind: 'killed', atMs: 66, term: 1, replica: 'bank-1', inSync: 3, gapMs: 1_234.4 },
  { kind: 'serves', atMs: 120, term: 2, replica: 'bank-3', inSync: 2, gapMs: undefined },
];

function provenRun(evidence: Evidence): ProvenRun {
  const { replies, books } = evidence;
  const record: DriveRecord = { replies, fileReplies: replies, startedAtMs: -1, endedAtMs: 199, books };
  return { record, verdict: verify(evidence) };
}

const replicatedRun = (evidence: Evidence, shortcomings: readonly string[] = []): ReplicatedRun => ({
  ...provenRun(evidence),
  timeline: TIMELINE,
  shortcomings,
});

describe('the report', () => {
  const honest = honestRun(OPERATIONS);

  it('shows the timeline, the gaps, the rates and the proof in 80 columns', () => {
    const run = replicatedRun(honest);
    const text = report(provenRun(honest), run, OPTIONS, OPERATIONS.length);
    expect(text).toMatch(/-1\.999 s +1 +bank-1 +serves with 3 in sync/);
    expect(text).toMatch(/0\.067 s +1 +bank-1 .*killed after 67 replies.* 1234 ms/);
    expect(text).toMatch(/until the first kill, undisturbed +1,000 +1,000 +1\.00/);
    expect(text).toMatch(/the whole file, kills included +1,000 +1,000 +1\.00/);
    expect(text).not.toContain('FAIL');
    expect(isProven(run)).toBe(true);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no columns
    const widths = text.split('\n').map((line) => line.replace(/\u001b\[\d+m/g, '').length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(80);
  });

  it('of a run with problems names them and counts them', () => {
    const run = replicatedRun({ ...honest, replies: honest.replies.slice(0, 150) });
    const text = report(provenRun(honest), run, OPTIONS, OPERATIONS.length);
    expect(text).toMatch(/FAIL.* each of 200 operations/);
    expect(text).toContain('not so in 50 cases');
    expect(text).toContain('lost: operation 151 was never answered');
    expect(isProven(run)).toBe(false);
  });

  it('fails a run in which a kill is missing', () => {
    const run = replicatedRun(honest, ['1 of 2 kills came too late: the file was through before.']);
    expect(report(provenRun(honest), run, OPTIONS, OPERATIONS.length)).toMatch(/FAIL.* 1 of 2 kills came too late/);
    expect(isProven(run)).toBe(false);
  });
});
