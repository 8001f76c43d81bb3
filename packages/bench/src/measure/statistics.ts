/** Medians, spreads and ratios of measurements. */
/** The spread of several measurements of one quantity. */
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
 * Ratios of each value to the base that was measured shortly before or after it. On a machine that others use,
 * measurements that are minutes apart cannot be compared.
 *
 * @param values,bases of equal length; the value and the base of one round have the same index
 */
export const pairedRatios = (values: readonly number[], bases: readonly number[]): Spread =>
  spreadOf(values.map((value, round) => value / (bases[round] ?? Number.NaN)));
