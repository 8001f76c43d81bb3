/** Tables of throughput, cost and latency of unary calls. */
import { FIGURE_MAX_SECONDS, type VariantTurns } from '../measure/rounds.js';
import type { Settings } from '../measure/settings.js';
import { pairedRatios, spreadOf } from '../measure/statistics.js';
import { type Stretch, sum } from '../measure/stretch.js';
import { costsTable, latencyTable, ratesTable } from './comparisons.js';
import { digits, table } from './table.js';

export function throughputTables(rows: readonly VariantTurns[], { rounds, seconds, inFlight }: Settings): string[] {
  const title = `Throughput, ${inFlight} calls in flight: median of ${rounds} rounds of ${seconds} s, least–most`;
  return [
    ratesTable(title, 'calls/s', rows, ({ throughput }) => throughput),
    costsTable('CPU µs a call at full load, medians', rows, ({ throughput }) => throughput),
  ];
}

/** Full load beside a process that keeps every core busy; the figures without it are of the same turns. */
export function busyTable(rows: readonly VariantTurns[], { rounds, seconds, inFlight }: Settings): string {
  const title =
    `${inFlight} calls in flight beside a process that keeps every core busy: calls/s, CPU\n` +
    'µs a call of all processes, also without that one; changes of primary in all.\n' +
    `Medians of ${rounds} rounds of ${seconds} s; bare, and without: ${Math.min(seconds, FIGURE_MAX_SECONDS)} s`;
  const bases = rows[0]?.turns.map(({ busy }) => busy?.callsPerSecond ?? Number.NaN) ?? [];
  const lines = rows.map(({ variant, turns }) => {
    const of = (value: (turn: VariantTurns['turns'][number]) => number | undefined): readonly number[] =>
      turns.map((turn) => value(turn) ?? Number.NaN);
    const median = (values: readonly number[]): string => digits(spreadOf(values).median);
    const rates = of(({ busy }) => busy?.callsPerSecond);
    const ratio = pairedRatios(rates, bases);
    const [cpu, cpuAlone] = [of(({ busy }) => cpuUs(busy)), of(({ throughput }) => cpuUs(throughput))];
    return [
      variant,
      ...[median(rates), digits(ratio.median), digits(ratio.min)],
      ...[median(cpu), median(cpuAlone), digits(pairedRatios(cpu, cpuAlone).median)],
      ...[of(({ busy }) => busy?.primaryChanges), of(({ busy }) => busy?.failures)].map((each) => digits(sum(each))),
    ];
  });
  const head = ['', 'calls/s', '× bare', 'least', 'CPU', 'alone', '×', 'terms', 'failed'];
  return table(title, head, lines);
}

const cpuUs = (stretch: Stretch | undefined): number | undefined =>
  stretch && stretch.clientCpuUs + stretch.primaryCpuUs + stretch.backupsCpuUs;

export function latenciesTable(rows: readonly VariantTurns[], { rounds, seconds }: Settings): string {
  const title = `Latency in µs, one call in flight: median of ${rounds} rounds of ${seconds} s, least–most`;
  return latencyTable(title, rows, ({ latency }) => latency);
}
