/** The report of the exhaustive mode. */
import type { Summary } from '../search/explore.js';
import { type Mode, nameOf } from '../window/scenario.js';

/** The width of the longest mode's name. */
const MODE_WIDTH = 43;

/** Adds up the summaries of the parts of one search. */
export function sum(parts: readonly Summary[]): Summary {
  const add = <T extends Record<string, number>>(numbers: readonly T[]): T => {
    const total: Record<string, number> = {};
    for (const one of numbers) for (const [key, n] of Object.entries(one)) total[key] = (total[key] ?? 0) + n;
    return total as T;
  };
  return {
    schedules: parts.reduce((n, part) => n + part.schedules, 0),
    byCost: add(parts.map(({ byCost }) => byCost)),
    endings: add(parts.map(({ endings }) => endings)),
    violations: parts.flatMap(({ violations }) => violations),
    complete: parts.every(({ complete }) => complete),
  };
}

export function lineOf(mode: Mode, { schedules, endings, complete }: Summary): string {
  const kinds = Object.entries(endings).filter(([, n]) => n > 0);
  const counts = kinds.map(([kind, n]) => `${n} ${kind}`).join(', ');
  return `${nameOf(mode).padEnd(MODE_WIDTH)} ${String(schedules).padStart(8)} schedules: ${counts}${complete ? '' : ', cut short'}`;
}

/** Lists the schedules by cost: `0+1 61` means 61 schedules with no deviation and one crash. */
export const costsOf = ({ byCost }: Summary): string =>
  Object.entries(byCost)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([cost, n]) => `${cost}: ${n}`)
    .join(', ');
