import { describe, expect, it } from 'vitest';
import { ATTEMPTS_MAX } from '../measure/attempts.js';
import type { CountedFailover } from '../measure/failover.js';
import { SIDES } from '../measure/large/large.js';
import { TIMES } from '../measure/overload.js';
import { SECTIONS } from '../measure/settings.js';
import type { Stretch } from '../measure/stretch.js';
import { variantsOf } from '../measure/variants.js';
import type { BenchReport } from './report.js';
import { textOf } from './text.js';

const mode = { replication: 'semi-active', multicast: 'direct', leaseMs: 300 } as const;
const latencies = { count: 99_999, p50: 99_999, p99: 99_999, max: 99_999 };
const flow = { bytes: 9_999, messages: 999, headers: 999 };
const turns = { longestMs: 9_999, longestOwnMs: 9_999, longOwn: 9_999, longestGcMs: 9_999 };
const flows = {
  clientToPrimary: flow,
  primaryToClient: flow,
  clientToBackups: flow,
  backupsToClient: flow,
  betweenReplicas: flow,
};
const memory = { liveBytes: 999 * 2 ** 20, rssBytes: 9_999 * 2 ** 20 };
const failover: CountedFailover = {
  disturbed: 0,
  firstReplyMs: 9_999,
  longestGapMs: 9_999,
  failures: 0,
  failure: undefined,
};

function stretch(callsPerSecond: number): Stretch {
  return { callsPerSecond, latencies, clientCpuUs: 999, primaryCpuUs: 999, backupsCpuUs: 999, otherCores: 1 };
}

/** A report in which a variant made `rate(variant, round)` calls a second. */
function reportOf(rate: (variant: number, round: number) => number): BenchReport {
  const variants = variantsOf(mode);
  return {
    startedAt: '2026-01-01T00:00:00Z',
    machine: {
      cores: 2,
      cpu: 'a CPU with a long name '.repeat(9),
      memoryBytes: 2 ** 34,
      system: '',
      node: 'v20',
      grpcJs: '1',
      understudy: '1',
    },
    settings: {
      only: SECTIONS,
      variants: [],
      replicas: 3,
      ...{ rounds: 2, seconds: 3, warmUpSeconds: 2, inFlight: 10_000, disturbed: true, failovers: 1, recoveries: 1 },
      joining: { count: 1, stateMib: 16_384, callsPerSecond: 100_000 },
      logLengths: [900_000],
      idleSessions: [20_000],
      largeMib: [64],
      ...{ mode, profile: undefined, json: undefined },
    },
    rounds: variants.map(({ name }, variant) => ({
      variant: name,
      turns: [0, 1].map((round) => ({
        throughput: stretch(rate(variant, round)),
        latency: stretch(1),
        busy: { ...stretch(999_999), primaryChanges: 99, otherChanges: 99, failures: 9_999, failure: undefined },
        disturbed: 0,
      })),
    })),
    streams: variants.map(({ name }) => ({
      variant: name,
      turns: [0, 1].map(() => ({
        one: stretch(999_999),
        many: stretch(999_999),
        roundTrip: stretch(999_999),
        disturbed: 0,
      })),
    })),
    waits: variants.map(({ name }) => ({
      variant: name,
      turns: [0, 1].map(() => ({
        timer: { one: stretch(999_999), many: stretch(999_999) },
        once: { one: stretch(999_999), many: stretch(999_999) },
        disturbed: 0,
      })),
    })),
    reads: [0, 1, 4].map((backups) => ({
      backups,
      turns: [1, 2].map((round) => {
        const answeringCpuUs = backups === 4 ? 50 : 100 * round;
        return { readsPerSecond: 99_999, clientCpuUs: 999, primaryCpuUs: 999, answeringCpuUs, disturbed: 0 };
      }),
    })),
    wire: variants.map(({ name }) => ({ variant: name, atRest: flows, one: flows, full: flows, disturbed: 0 })),
    large: SIDES.map((side) => ({
      ...{ calls: 100, mib: 64, side },
      rows: variants.map(({ name }) => ({
        variant: name,
        turns: [
          {
            ...{
              seconds: 999,
              failures: 999,
              failure: undefined,
              smallFailures: 999,
              smallFailure: 'why '.repeat(99),
              disturbed: 0,
            },
            ...{ before: latencies, meanwhile: { ...latencies, p99: 60_000_000 }, turnMs: 999 },
            meanwhileSinceDue: { ...latencies, p99: 60_000_000 },
            ...{ clientCpuMs: 1, primaryCpuMs: 1, backupsCpuMs: 1, clientMemory: 99.9, primaryMemory: 99.9 },
          },
        ],
      })),
    })),
    overload: variants.map(({ name }, variant) => ({
      variant: name,
      turns: [
        {
          capacity: 999_999,
          offered: TIMES.map((times) => ({
            ...{ times, offeredPerSecond: 999_999, answeredPerSecond: 999_999, refusedPerSecond: 999_999 },
            ...{ latePerSecond: 999_999, failedPerSecond: 999_999, failure: undefined, latencies },
          })),
          // The group of the last variant changed in each attempt.
          disturbed: variant === variants.length - 1 ? ATTEMPTS_MAX : 0,
        },
      ],
    })),
    idle: [
      {
        sessions: 20_000,
        turns: [
          {
            ...{ primaryPercent: 199.9, backupPercents: [199.9, 0.01], clientsPercent: 1_000 },
            ...{ packetsPerSecond: 999_999, flows, disturbed: 0, flowsDisturbed: 1 },
          },
        ],
      },
    ],
    failovers: {
      ...{ crash: [failover], handOver: [failover] },
      busy: {
        ...{ seconds: 3_600, calls: 9_999_999, failures: 9_999_999, failure: undefined },
        ...{ longestGapMs: 99_999, primaryChanges: 99, otherChanges: 99 },
      },
    },
    recoveries: [
      { calls: 900_000, recoveries: [{ ...failover, logLength: 900_000, backup: memory, primary: memory }] },
    ],
    joinings: [
      {
        ...{
          seconds: 9_999,
          before: latencies,
          meanwhile: latencies,
          failures: 99_999,
          failure: undefined,
          disturbed: 0,
        },
        ...{ primaryBytesBefore: 2 ** 35, primaryBytesMeanwhile: 2 ** 36, turnsBefore: turns, turnsMeanwhile: turns },
      },
    ],
  };
}

describe('the text of a report', () => {
  it('fits into 80 columns, however large its figures are', () => {
    const lines = textOf(reportOf(() => 999_999)).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('compares every variant with the bare service of the same round', () => {
    const slowSecondRound = (variant: number, round: number): number => (variant + 1) * (round === 0 ? 1_000 : 100);
    const line = textOf(reportOf(slowSecondRound)).match(/^stream concurrent .*$/m)?.[0];
    expect(line).toContain('2.00  2.00–2.00');
  });

  it('says how many more reads several backups could answer than one in the same round', () => {
    const line = textOf(reportOf(() => 1)).match(/^4 backups .*$/m)?.[0];
    expect(line).toMatch(/80,000 +12\.0 +8\.00–16\.0/);
  });

  it('says of each section in how many attempts the group changed', () => {
    const report = reportOf(() => 1);
    const variants = report.overload?.length ?? 0;
    const section = (title: string): string =>
      textOf(report)
        .split('\n\n')
        .find((text) => text.includes(title)) ?? '';
    expect(section('Goodput')).toContain(
      `The group changed in 3 of ${variants - 1 + 3} attempts; figures of 1 of these were kept.`,
    );
    expect(section('in one turn')).toContain(`The group changed in 0 of ${variants} attempts.`);
    // A turn is measured in two groups, one of which changed once.
    expect(section('An idle group')).toContain('The group changed in 1 of 3 attempts.');
  });

  it('leaves out sections that were not measured', () => {
    const { startedAt, machine, settings } = reportOf(() => 1);
    expect(textOf({ startedAt, machine, settings })).not.toMatch(
      /Throughput|echoed|wait|Reads|wire|Failover|Passive|joins|MiB in one turn|idle|every core/,
    );
  });
});
