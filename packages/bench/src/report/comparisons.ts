/** Tables that compare every variant with the bare service. */
import type { VariantRounds } from '../measure/in-rounds.js';
import { pairedRatios, type Spread, spreadOf } from '../measure/statistics.js';
import type { Stretch } from '../measure/stretch.js';
import { digits, range, table } from './table.js';

/** One row for each variant, the bare service first. */
type Rows<Turn> = readonly VariantRounds<Turn>[];
/** Selects the stretch of a turn that is compared; undefined if it was not measured. */
type StretchOf<Turn> = (turn: Turn) => Stretch | undefined;

interface Compared {
  readonly own: Spread;
  /** Ratio to the bare service of the same round. */
  readonly ratio: Spread;
}

function compare<Turn>(rows: Rows<Turn>, of: StretchOf<Turn>, value: (stretch: Stretch) => number) {
  const numberOf = (turn: Turn): number => {
    const stretch = of(turn);
    return stretch === undefined ? Number.NaN : value(stretch);
  };
  const bases = rows[0]?.turns.map(numberOf) ?? [];
  return ({ turns }: VariantRounds<Turn>): Compared => {
    const values = turns.map(numberOf);
    return { own: spreadOf(values), ratio: pairedRatios(values, bases) };
  };
}

const columns = ({ own, ratio }: Compared): string[] => [
  ...[digits(own.median), range(own)],
  ...[digits(ratio.median), range(ratio)],
];

export function ratesTable<Turn>(title: string, unit: string, rows: Rows<Turn>, of: StretchOf<Turn>): string {
  const rate = compare(rows, of, ({ callsPerSecond }) => callsPerSecond);
  const lines = rows.map((row) => [row.variant, ...columns(rate(row))]);
  return table(title, ['', unit, '', '× bare', ''], lines);
}

export function costsTable<Turn>(title: string, rows: Rows<Turn>, of: StretchOf<Turn>): string {
  const client = compare(rows, of, ({ clientCpuUs }) => clientCpuUs);
  const primary = compare(rows, of, ({ primaryCpuUs }) => primaryCpuUs);
  const backups = compare(rows, of, ({ backupsCpuUs }) => backupsCpuUs);
  const all = compare(rows, of, (stretch) => stretch.clientCpuUs + stretch.primaryCpuUs + stretch.backupsCpuUs);
  const lines = rows.map((row) => {
    const medians = [client, primary, backups, all].map((each) => digits(each(row).own.median));
    return [row.variant, ...medians, digits(all(row).ratio.median)];
  });
  return table(title, ['', 'client', 'primary', 'backups', 'all', '× bare'], lines);
}

export function latencyTable<Turn>(title: string, rows: Rows<Turn>, of: StretchOf<Turn>): string {
  const half = compare(rows, of, ({ latencies }) => latencies.p50);
  const tail = compare(rows, of, ({ latencies }) => latencies.p99);
  const lines = rows.map((row) => {
    const far = tail(row);
    return [row.variant, ...columns(half(row)), digits(far.own.median), digits(far.ratio.median)];
  });
  return table(title, ['', 'p50', '', '× bare', '', 'p99', '× bare'], lines);
}
