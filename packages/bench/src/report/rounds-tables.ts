import type { Turn, VariantTurns } from '../measure/rounds.js';
import type { Settings } from '../measure/settings.js';
import { pairedRatios, type Spread, spreadOf } from '../measure/statistics.js';
import type { Stretch } from '../measure/stretch.js';
import { digits, range, table } from './table.js';

type Rows = readonly VariantTurns[];
type Value = (turn: Turn) => number;

const NONE = Number.NaN;
const ofStretch =
  (phase: keyof Turn, value: (stretch: Stretch) => number): Value =>
  (turn) => {
    const stretch = turn[phase];
    return stretch === undefined ? NONE : value(stretch);
  };

export function throughputTables(rows: Rows, { rounds, seconds, inFlight }: Settings): string[] {
  const rate = ofStretch('throughput', ({ callsPerSecond }) => callsPerSecond);
  const cpu = (value: (stretch: Stretch) => number): Value => ofStretch('throughput', value);
  const title = `Throughput, ${inFlight} calls in flight: median of ${rounds} rounds of ${seconds} s, least–most`;
  const rates = rows.map((row) => {
    const [own, ratio] = [spread(row, rate), ratioTo(rows, row, rate)];
    return [row.variant, digits(own.median), range(own), digits(ratio.median), range(ratio)];
  });
  const costs = rows.map((row) => {
    const medians = [
      spread(
        row,
        cpu(({ clientCpuUs }) => clientCpuUs),
      ).median,
      spread(
        row,
        cpu(({ primaryCpuUs }) => primaryCpuUs),
      ).median,
      spread(
        row,
        cpu(({ backupsCpuUs }) => backupsCpuUs),
      ).median,
      spread(row, cpu(totalCpuUs)).median,
    ];
    return [row.variant, ...medians.map(digits), digits(ratioTo(rows, row, cpu(totalCpuUs)).median)];
  });
  return [
    table(title, ['', 'calls/s', '', '× bare', ''], rates),
    table('CPU µs a call at full load, medians', ['', 'client', 'primary', 'backups', 'all', '× bare'], costs),
  ];
}

export function latencyTable(rows: Rows, { rounds, seconds }: Settings): string {
  const p50 = ofStretch('latency', ({ latencies }) => latencies.p50);
  const p99 = ofStretch('latency', ({ latencies }) => latencies.p99);
  const lines = rows.map((row) => {
    const [half, tail, ratio] = [spread(row, p50), spread(row, p99), ratioTo(rows, row, p50)];
    const tails = ratioTo(rows, row, p99);
    return [
      row.variant,
      ...[digits(half.median), range(half), digits(ratio.median), range(ratio)],
      ...[digits(tail.median), digits(tails.median)],
    ];
  });
  return table(
    `Latency in µs, one call in flight: median of ${rounds} rounds of ${seconds} s, least–most`,
    ['', 'p50', '', '× bare', '', 'p99', '× bare'],
    lines,
  );
}

const totalCpuUs = ({ clientCpuUs, primaryCpuUs, backupsCpuUs }: Stretch): number =>
  clientCpuUs + primaryCpuUs + backupsCpuUs;

const spread = ({ turns }: VariantTurns, value: Value): Spread => spreadOf(turns.map(value));

/** The bare service comes first. */
const ratioTo = ([bare]: Rows, { turns }: VariantTurns, value: Value): Spread =>
  pairedRatios(turns.map(value), bare?.turns.map(value) ?? []);
