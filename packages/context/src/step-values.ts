/** What the order gives to a handler in place of the machine's clock and randomness (DESIGN 5.10). */

/** Randomness that is the same on every replica, and that nobody outside of the group can foresee. */
export interface RandomStream {
  /** Fills `bytes` with the next bytes of the stream. */
  fill(bytes: Uint8Array): void;
  /** The next number from 0 up to but not including 1, with 53 bits of randomness. */
  next(): number;
}

/** What one handler is given. */
export interface StepValues {
  /**
   * The time of the step that is running, in milliseconds since 1970. Undefined between steps, when the handler sees the
   * real clock and real randomness: what it does then has no place in the order.
   */
  readonly timeMs: number | undefined;
  readonly random: RandomStream;
  /** Whether `Date`, `Math.random` and the others give these values too. */
  readonly inGlobals: boolean;
}

/** What a handler is given while a step is running. */
export interface RunningStep extends StepValues {
  readonly timeMs: number;
}
