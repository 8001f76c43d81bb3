/** Rates and gaps of replies. */

/** Something that happened at a time; `atMs` is `monotonicMs`. */
export interface Timed {
  readonly atMs: number;
}

/** Returns the replies a second after `fromMs`, up to and including `untilMs`. */
export function ratePerSecond(replies: readonly Timed[], fromMs: number, untilMs: number): number {
  const count = replies.filter(({ atMs }) => atMs > fromMs && atMs <= untilMs).length;
  return untilMs > fromMs ? (count * 1_000) / (untilMs - fromMs) : 0;
}

/**
 * Returns the longest time, in milliseconds, between two successive replies of which the second came after `fromMs`, up
 * to and including `untilMs`. A gap that began before `fromMs` counts with its whole length.
 *
 * @param replies in the order of their arrival
 */
export function longestGapMs(replies: readonly Timed[], fromMs: number, untilMs: number): number {
  let longest = 0;
  let previousMs: number | undefined;
  for (const { atMs } of replies) {
    if (previousMs !== undefined && atMs > fromMs && atMs <= untilMs) longest = Math.max(longest, atMs - previousMs);
    previousMs = atMs;
  }
  return longest;
}

/** The replies of a run in the order of their arrival, with the run's start and end. */
export interface Measured {
  readonly replies: readonly Timed[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}
