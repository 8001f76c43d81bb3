/** Tables of throughput, cost and latency of unary calls. */
import type { VariantTurns } from '../measure/rounds.js';
import type { Settings } from '../measure/settings.js';
import { costsTable, latencyTable, ratesTable } from './comparisons.js';

export function throughputTables(rows: readonly VariantTurns[], { rounds, seconds, inFlight }: Settings): string[] {
  const title = `Throughput, ${inFlight} calls in flight: median of ${rounds} rounds of ${seconds} s, least–most`;
  return [
    ratesTable(title, 'calls/s', rows, ({ throughput }) => throughput),
    costsTable('CPU µs a call at full load, medians', rows, ({ throughput }) => throughput),
  ];
}

export function latenciesTable(rows: readonly VariantTurns[], { rounds, seconds }: Settings): string {
  const title = `Latency in µs, one call in flight: median of ${rounds} rounds of ${seconds} s, least–most`;
  return latencyTable(title, rows, ({ latency }) => latency);
}
