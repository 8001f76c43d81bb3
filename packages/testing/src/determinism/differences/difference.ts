/** A difference between two instances of a service, and the sentence about it. */
import { UnderstudyError } from '@understudy/core';
import { digestOf, type Seen } from '../instances/output.js';

/** The respect in which an instance was unlike the first one. */
export type Variation = 'nothing' | 'random' | 'clock' | 'timers' | 'restore';

/** The first call at which two instances of a service came to different results. */
export interface Difference {
  /** The index of the call among those that were given; -1 if the instances differed before the first one. */
  readonly index: number;
  /** The path of the call's method; empty before the first call. */
  readonly method: string;
  readonly what: 'reply' | 'state';
  /** The respect in which the other instance's surroundings were unlike the first one's. */
  readonly variation: Variation;
  /** The digest of the first instance's reply or state. */
  readonly digest: string;
  readonly otherDigest: string;
  /** The lines in which they differ: `-` the first instance's, `+` the other's. Empty for bytes that are no text. */
  readonly diff: string;
  /** The probable cause, as a sentence. */
  readonly cause: string;
}

/** The error with which `checkDeterminism` rejects. */
export class DeterminismError extends UnderstudyError {
  readonly difference: Difference;

  constructor(difference: Difference) {
    super('UNDERSTUDY_DIVERGED', sentenceOf(difference));
    this.difference = difference;
  }
}

function sentenceOf({ index, method, what, digest, otherDigest, diff, cause }: Difference): string {
  const where = index < 0 ? 'before the first call' : `${what === 'reply' ? 'at' : 'after'} call ${index}, ${method}`;
  return (
    `two instances of the service have a different ${what} ${where} (digests ${digest} and ${otherDigest}). ` +
    `Likely cause: ${cause}.${diff === '' ? '' : `\n${diff}`}`
  );
}

const LINES_MAX = 8;
const LINE_MAX = 160;

/** The first lines in which two values differ. */
export function diffOf(one: readonly Seen[], other: readonly Seen[]): string {
  const [a, b] = [one, other].map((seen) => seen.flatMap(({ text }) => text.split('\n'))) as [string[], string[]];
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from++;
  let [endA, endB] = [a.length, b.length];
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  return [...shown('-', a.slice(from, endA)), ...shown('+', b.slice(from, endB))].join('\n');
}

function shown(mark: string, lines: readonly string[]): string[] {
  const first = lines.slice(0, LINES_MAX).map((line) => `${mark} ${line.slice(0, LINE_MAX)}`);
  return lines.length > LINES_MAX ? [...first, `${mark} … and ${lines.length - LINES_MAX} more lines`] : first;
}

export const areEqual = (one: readonly Seen[], other: readonly Seen[]): boolean => digestOf(one) === digestOf(other);
