import type { VariantTurns } from '../measure/rounds.js';
import { spreadOf } from '../measure/statistics.js';
import type { Machine } from './machine.js';
import { range } from './table.js';

/** What else went on while the rounds were measured. */
export function circumstances(rows: readonly VariantTurns[], { cores }: Machine): string {
  const turns = rows.flatMap((row) => row.turns);
  const stretches = turns.flatMap(({ throughput, latency }) => [throughput ?? [], latency ?? []].flat());
  const others = spreadOf(stretches.map(({ otherCores }) => otherCores));
  const disturbed = turns.reduce((sum, turn) => sum + turn.disturbed, 0);
  return (
    `Meanwhile other processes kept ${range(others)} of ${cores} cores busy.\n` +
    `Stretches measured again because the group had changed: ${disturbed}.`
  );
}
