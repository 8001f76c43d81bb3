/** What several measurements of one thing come to. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @param values at least one, in any order */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return { median: (lower + upper) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/**
 * Ratios to a base that was measured next to each value: on a machine that others use too, what was minutes apart
 * cannot be compared.
 *
 * @param values,bases as many each, those of one round at the same place
 */
export const pairedRatios = (values: readonly number[], bases: readonly number[]): Spread =>
  spreadOf(values.map((value, round) => value / (bases[round] ?? Number.NaN)));
