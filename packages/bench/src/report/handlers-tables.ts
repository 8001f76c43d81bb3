/** Tables of handlers that wait, and of reads. */
import { READS_PER_SECOND, type Reads, type ReadsOf } from '../measure/handlers/reads.js';
import { WAIT_MS, type Waited, type WaitsTurn } from '../measure/handlers/waits.js';
import type { VariantRounds } from '../measure/in-rounds.js';
import type { Settings } from '../measure/settings.js';
import { pairedRatios, spreadOf } from '../measure/statistics.js';
import type { Stretch } from '../measure/stretch.js';
import { BARE } from '../measure/variants.js';
import { digits, range, table } from './table.js';

export function waitsTable(rows: readonly VariantRounds<WaitsTurn>[], { rounds, seconds, inFlight }: Settings): string {
  const title =
    `Handlers that wait ${WAIT_MS} ms, for a timer or for an effect (once): calls/s,\n` +
    `one at a time and ${inFlight} in flight, medians of ${rounds} rounds of ${seconds} s`;
  const lines = rows.map(({ variant, turns }) => [
    variant,
    ...cellsOf(turns.map(({ timer }) => timer)),
    ...cellsOf(turns.map(({ once }) => once)),
  ]);
  return table(title, ['', 'timer 1', `${inFlight}`, '×', 'once 1', `${inFlight}`, '×'], lines);
}

function cellsOf(turns: readonly Waited[]): string[] {
  const rate = (of: (turn: Waited) => Stretch): string =>
    digits(spreadOf(turns.map((turn) => of(turn).callsPerSecond)).median);
  const ratio = spreadOf(turns.map(({ one, many }) => many.callsPerSecond / one.callsPerSecond));
  return [rate(({ one }) => one), rate(({ many }) => many), digits(ratio.median)];
}

export function readsTable(rows: readonly ReadsOf[], { rounds, seconds }: Settings): string {
  const title =
    `Reads from backups, ${READS_PER_SECOND}/s for each: CPU µs a read, medians of ${rounds} rounds of ${seconds} s;\n` +
    'by CPU: reads/s of backups that had a core each';
  const byCpu = (backups: number, { answeringCpuUs }: Reads): number =>
    (Math.max(1, backups) * 1_000_000) / answeringCpuUs;
  const one = rows.find(({ backups }) => backups === 1)?.turns ?? [];
  const bases = one.map((turn) => byCpu(1, turn));
  const lines = rows.map(({ backups, turns }) => {
    const median = (of: (turn: Reads) => number): string => digits(spreadOf(turns.map(of)).median);
    const values = turns.map((turn) => byCpu(backups, turn));
    const capacity = spreadOf(values);
    const ratio = pairedRatios(values, bases);
    return [
      backups === 0 ? BARE : `${backups} ${backups === 1 ? 'backup' : 'backups'}`,
      median(({ readsPerSecond }) => readsPerSecond),
      median(({ clientCpuUs }) => clientCpuUs),
      backups === 0 ? '–' : median(({ primaryCpuUs }) => primaryCpuUs),
      median(({ answeringCpuUs }) => answeringCpuUs),
      ...[digits(capacity.median), digits(ratio.median), range(ratio)],
    ];
  });
  return table(title, ['', 'reads/s', 'client', 'primary', 'backup', 'by CPU', '× 1 backup', ''], lines);
}
