/** The values that the order gives to a handler in place of the machine's clock and randomness (DESIGN 5.10). */

/** Randomness that is the same on every replica, and that nobody outside of the group can foresee. */
export interface RandomStream {
  /** Fills `bytes` with the next bytes of the stream. */
  fill(bytes: Uint8Array): void;
  /** The next number from 0 up to but not including 1, with 53 bits of randomness. */
  next(): number;
}

/** A function that a handler passed on to be run later in a step. */
export interface StepTimer {
  /** The same on every replica. */
  readonly id: number;
  clear(): void;
  /** Begins its delay anew; it need not be armed any more. */
  refresh(): void;
}

/**
 * Takes what a handler has done later, at a place in the order. Only to be asked while a step runs. A method that
 * returns `undefined` means that the handler has no part in the running step, so that real timers are right.
 */
export interface Agenda {
  /** Runs a function when the time has come, again and again if it repeats. */
  timer(run: () => void, delayMs: number, repeats: boolean): StepTimer | undefined;
  /** Runs a function in a later turn, within this step. */
  soon(run: () => void): StepTimer | undefined;
  /** Runs a function on the primary alone, and gives its result to all replicas. */
  once(name: string, run: (key: string) => unknown): Promise<unknown>;
  /** Arms a timer that is data. @returns its name, the same on every replica */
  after(delayMs: number, name: string, payload: Uint8Array): string;
  /** Cancels a timer of `after`. */
  cancel(id: string): void;
}

/** The values that one handler gets. */
export interface StepValues {
  /**
   * The time of the step that is running, in milliseconds since 1970. Undefined between steps, when the handler sees the
   * real clock and real randomness: what it does then has no place in the order.
   */
  readonly timeMs: number | undefined;
  readonly random: RandomStream;
  /** The handler's agenda; undefined where nothing can be put off, because the code runs at no place in the order. */
  readonly agenda?: Agenda | undefined;
  /** Whether `Date`, `Math.random` and the others give these values too. */
  readonly inGlobals: boolean;
  /** Hears which functions of the outside world the handler uses. Undefined if warnings are off. */
  readonly onEffect?: ((what: string) => void) | undefined;
}

/** The values that a handler gets while a step is running. */
export interface RunningStep extends StepValues {
  readonly timeMs: number;
}
