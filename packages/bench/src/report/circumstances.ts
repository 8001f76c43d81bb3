import { ATTEMPTS_MAX } from '../measure/attempts.js';
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
  return `Meanwhile other processes kept ${range(others)} of ${cores} cores busy.\n${attemptsText(turns)}`;
}

/**
 * Says in how many attempts the group did not stay as it was formed: a replica lost its place or its role, for which a
 * lease that was not kept is the usual cause.
 */
export function attemptsText(turns: readonly { readonly disturbed: number }[]): string {
  const changed = turns.reduce((sum, { disturbed }) => sum + disturbed, 0);
  const inLast = turns.filter(({ disturbed }) => disturbed === ATTEMPTS_MAX).length;
  const attempts = changed + turns.length - inLast;
  const what = `The group changed in ${changed} of ${attempts} attempts`;
  return inLast === 0 ? `${what}.` : `${what}; figures of ${inLast} of these were kept.`;
}

function stretchesOf<Turn extends Stretches<Turn>>(turn: Counted<Turn>): readonly Stretch[] {
  const { disturbed: _, ...phases } = turn;
  const stretches = Object.values<Stretch | undefined>(phases).filter((phase) => phase !== undefined);
  return stretches.filter((stretch) => !('primaryChanges' in stretch));
}
