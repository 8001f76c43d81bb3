import type { Counted, VariantRounds } from '../measure/in-rounds.js';
import { spreadOf } from '../measure/statistics.js';
import type { Stretch } from '../measure/stretch.js';
import type { Machine } from './machine.js';
import { range } from './table.js';

type Stretches<Turn> = { readonly [Phase in keyof Turn]?: Stretch };

/** Says what else the machine did while the rounds were measured, apart from work that the benchmark itself began. */
export function circumstances<Turn extends Stretches<Turn>>(
  rows: readonly VariantRounds<Turn>[],
  { cores }: Machine,
): string {
  const turns = rows.flatMap((row) => row.turns);
  const others = spreadOf(turns.flatMap(stretchesOf).map(({ otherCores }) => otherCores));
  const disturbed = turns.reduce((sum, turn) => sum + turn.disturbed, 0);
  return (
    `Meanwhile other processes kept ${range(others)} of ${cores} cores busy.\n` +
    `Stretches that were measured again because the group had changed: ${disturbed}.`
  );
}

function stretchesOf<Turn extends Stretches<Turn>>(turn: Counted<Turn>): readonly Stretch[] {
  const { disturbed: _, ...phases } = turn;
  const stretches = Object.values<Stretch | undefined>(phases).filter((phase) => phase !== undefined);
  return stretches.filter((stretch) => !('primaryChanges' in stretch));
}
