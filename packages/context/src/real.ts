/**
 * The real clock and randomness, for our own code. Our timers and callbacks may run within a handler, where the globals
 * give the order's values.
 */

/**
 * The key under which a replacement keeps the global function that it replaces, whichever copy of our packages made it.
 */
export const REAL: unique symbol = Symbol.for('@understudy/context/real');

/** The function behind one that may be a replacement of ours. Fake clocks of test frameworks are no replacements. */
export function realOf<T extends object>(given: T): T {
  return Object.hasOwn(given, REAL) ? realOf((given as { readonly [REAL]: T })[REAL]) : given;
}

/** A `realOf` for functions that every message needs: it looks only when the global function has changed since last time. */
function remembered<T extends object>(): (given: T) => T {
  let last: T | undefined;
  let real: T | undefined;
  return (given) => {
    if (given !== last || real === undefined) {
      last = given;
      real = realOf(given);
    }
    return real;
  };
}

const realWall = remembered<typeof Date.now>();
const realMonotonic = remembered<typeof performance.now>();
const realSetImmediate = remembered<typeof setImmediate>();

/** The real time, in milliseconds since 1970. It may jump. */
export const wallMs = (): number => realWall(Date.now).call(Date);

/** The real time on a clock that never goes back, in milliseconds since the process began. */
export const monotonicMs = (): number => realMonotonic(performance.now).call(performance);

/** A real random number from 0 up to but not including 1. */
export const realRandomNumber = (): number => realOf(Math.random)();

/** Node's `setTimeout`, also within a handler. */
export const realTimeout = (run: () => void, delayMs: number): NodeJS.Timeout => realOf(setTimeout)(run, delayMs);

/** Node's `setImmediate`, also within a handler. */
export const realImmediate = <A extends unknown[]>(run: (...args: A) => void, ...args: A): NodeJS.Immediate =>
  realSetImmediate(setImmediate)(run, ...args);
