/** When something was measured: `monotonicMs`. */
export interface Timed {
  readonly atMs: number;
}

/** Replies a second over a stretch, up to and including `untilMs`. */
export function ratePerSecond(replies: readonly Timed[], fromMs: number, untilMs: number): number {
  const count = replies.filter(({ atMs }) => atMs > fromMs && atMs <= untilMs).length;
  return untilMs > fromMs ? (count * 1_000) / (untilMs - fromMs) : 0;
}

/**
 * The longest time, in milliseconds, between two replies that followed each other, of which the second came in the
 * stretch: so a silence counts that began before it.
 *
 * @param replies in the order in which they came
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

/** What came back in a run, in the order in which it came, and between which times. */
export interface Measured {
  readonly replies: readonly Timed[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}
