/** Rounds: the measurements that are compared are made shortly after each other. */
import type { Stage } from '../processes/stage.js';
import { attempt, type Finding } from './attempts.js';
import type { Bench } from './settings.js';
import type { Variant } from './variants.js';

export type Counted<Turn> = Turn & {
  /** See `Attempted`. */
  readonly disturbed: number;
};

export interface VariantRounds<Turn> {
  readonly variant: string;
  /** One turn for each round. */
  readonly turns: readonly Counted<Turn>[];
}

/**
 * Measures every variant in every round, A B C A B C …, each time in fresh processes.
 *
 * @param what names the rounds in progress messages, such as ' of streams'
 */
export async function inRounds<Turn>(
  bench: Bench,
  variants: readonly Variant[],
  what: string,
  measureTurn: (stage: Stage, bench: Bench, variant: Variant) => Promise<Finding<Turn>>,
): Promise<readonly VariantRounds<Turn>[]> {
  const results = variants.map(({ name }) => ({ variant: name, turns: [] as Counted<Turn>[] }));
  for (let round = 1; round <= bench.settings.rounds; round++)
    for (const [index, variant] of variants.entries()) {
      bench.progress(`round ${round} of ${bench.settings.rounds}${what}: ${variant.name}`);
      const { result, disturbed } = await attempt(bench, (stage) => measureTurn(stage, bench, variant));
      results[index]?.turns.push({ ...result, disturbed });
    }
  return results;
}
