/** Tables of handlers that wait, and of reads. */
import type { ReadsOf } from '../measure/handlers/reads.js';
import { WAIT_MS, type Waited, type WaitsTurn } from '../measure/handlers/waits.js';
import type { VariantRounds } from '../measure/in-rounds.js';
import type { Settings } from '../measure/settings.js';
import { spreadOf } from '../measure/statistics.js';
import type { Stretch } from '../measure/stretch.js';
import { BARE } from '../measure/variants.js';
import { digits, range, table } from './table.js';

export function waitsTable(rows: readonly VariantRounds<WaitsTurn>[], { rounds, seconds, inFlight }: Settings): string {
  const title =
    `Handlers that wait ${WAIT_MS} ms, for a timer or for an effect (once): calls/s,\n` +
    `one at a time and ${inFlight} in flight, medians of ${rounds} rounds of ${seconds} s; the ratio least–most`;
  const lines = rows.map(({ variant, turns }) => [
    variant,
    ...cellsOf(turns.map(({ timer }) => timer)),
    ...cellsOf(turns.map(({ once }) => once)),
  ]);
  return table(title, ['', 'timer 1', `${inFlight}`, '×', '', 'once 1', `${inFlight}`, '×', ''], lines);
}

function cellsOf(turns: readonly Waited[]): string[] {
  const rate = (of: (turn: Waited) => Stretch): string =>
    digits(spreadOf(turns.map((turn) => of(turn).callsPerSecond)).median);
  const ratio = spreadOf(turns.map(({ one, many }) => many.callsPerSecond / one.callsPerSecond));
  return [rate(({ one }) => one), rate(({ many }) => many), digits(ratio.median), range(ratio)];
}

export function readsTable(rows: readonly ReadsOf[], { rounds, seconds, inFlight }: Settings): string {
  const title =
    `Reads from backups, ${inFlight} in flight for each: CPU µs a read, medians of ${rounds} rounds of\n` +
    `${seconds} s; by CPU: reads/s of replicas that had a core each, least–most`;
  const capacityOf = ({ reads }: { readonly reads: Stretch }): number =>
    1_000_000 / Math.max(reads.primaryCpuUs, reads.busiestBackupCpuUs);
  const base = rows.find(({ backups }) => backups === 1)?.turns.map(capacityOf) ?? [];
  const lines = rows.map(({ backups, turns }) => {
    const median = (of: (stretch: Stretch) => number): string =>
      digits(spreadOf(turns.map(({ reads }) => of(reads))).median);
    const capacity = spreadOf(turns.map(capacityOf));
    const ratio = spreadOf(turns.map((turn, i) => capacityOf(turn) / (base[i] ?? Number.NaN)));
    return [
      backups === 0 ? BARE : `${backups} ${backups === 1 ? 'backup' : 'backups'}`,
      median(({ callsPerSecond }) => callsPerSecond),
      median(({ clientCpuUs }) => clientCpuUs),
      median(({ primaryCpuUs }) => primaryCpuUs),
      backups === 0 ? '–' : median(({ busiestBackupCpuUs }) => busiestBackupCpuUs),
      ...[digits(capacity.median), range(capacity), digits(ratio.median)],
    ];
  });
  return table(title, ['', 'reads/s', 'client', 'primary', 'a backup', 'by CPU', '', '× 1 backup'], lines);
}
