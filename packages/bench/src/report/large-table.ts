/** The tables of large messages. */
import type { VariantRounds } from '../measure/in-rounds.js';
import { EVERY_MS, type Large, type LargeOf } from '../measure/large/large.js';
import type { Settings } from '../measure/settings.js';
import { spreadOf } from '../measure/statistics.js';
import { attemptsText } from './circumstances.js';
import { digits, table } from './table.js';

const US_PER_MS = 1_000;
/** How many characters of an error message fit into a line. */
const FAILURE_MAX = 50;
const HEAD = ['', 's', 'alone', 'beside', 'more', 'due', 'client', 'primary', 'failed'];

export function largeTables(all: readonly LargeOf[], { rounds }: Settings): string[] {
  return all.map(({ calls, mib, side, rows }) => {
    const title =
      `${calls} ${side} of ${mib} MiB in one turn: p99 in ms of small calls every ${EVERY_MS} ms,\n` +
      `alone and beside them, and from when they were due; most memory by multiples of\n` +
      `the payloads; medians of ${rounds}`;
    const [first] = rows.flatMap(({ turns }) => turns.flatMap((turn) => turn.failure ?? turn.smallFailure ?? []));
    const why = first === undefined ? '' : `\nFailed, for example: ${first.slice(0, FAILURE_MAX)}`;
    const attempts = attemptsText(rows.flatMap(({ turns }) => turns));
    return `${table(title, HEAD, rows.map(lineOf))}${why}\n${attempts}`;
  });
}

function lineOf({ variant, turns }: VariantRounds<Large>): string[] {
  const median = (of: (turn: Large) => number): string => digits(spreadOf(turns.map(of)).median);
  const more = spreadOf(turns.map(({ before, meanwhile }) => (meanwhile.p99 - before.p99) / US_PER_MS));
  const failed = turns.reduce((sum, { failures, smallFailures }) => sum + failures + smallFailures, 0);
  return [
    variant,
    median(({ seconds }) => seconds),
    median(({ before }) => before.p99 / US_PER_MS),
    median(({ meanwhile }) => meanwhile.p99 / US_PER_MS),
    digits(more.median),
    median(({ meanwhileSinceDue }) => meanwhileSinceDue.p99 / US_PER_MS),
    median(({ clientMemory }) => clientMemory),
    median(({ primaryMemory }) => primaryMemory),
    digits(failed),
  ];
}
