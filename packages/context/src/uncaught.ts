/** Gives errors that no code catches to the owner of the code that they come from. */

/** How an error reached the process. */
export type UncaughtOrigin = 'uncaughtException' | 'unhandledRejection';

/**
 * Decides whether an error arose in code of its own. Called in the async context in which the error arose.
 *
 * @returns whether it has dealt with the error; if not, the process gets it
 */
export type TakeUncaught = (error: unknown, origin: UncaughtOrigin) => boolean;

/** The takers of this process, whichever copies of this package they belong to. */
const TAKERS: unique symbol = Symbol.for('@understudy/context/uncaught');

type WithTakers = NodeJS.Process & { [TAKERS]?: Set<TakeUncaught> };

const isUncaught = (event: unknown): event is UncaughtOrigin =>
  event === 'uncaughtException' || event === 'unhandledRejection';

/**
 * Adds a taker.
 *
 * The event is caught where Node emits it, not by a listener: with a listener Node would take every error for handled,
 * and the listeners of users, which often exit the process, would be told of errors that end a call only. For an error
 * that nobody takes everything is as if this package were not there: the listeners, the output, the exit code.
 */
export function takeUncaught(take: TakeUncaught): void {
  const host: WithTakers = process;
  if (host[TAKERS] === undefined) {
    const takers = new Set<TakeUncaught>();
    host[TAKERS] = takers;
    const emit = process.emit as (...args: unknown[]) => boolean;
    process.emit = function (this: unknown, ...args: unknown[]): boolean {
      const [event, error] = args;
      if (isUncaught(event)) for (const each of takers) if (each(error, event)) return true;
      return Reflect.apply(emit, this, args);
    } as typeof process.emit;
  }
  host[TAKERS].add(take);
}

/**
 * Makes errors that are thrown in microtasks known in the context of the code that queued them. Before Node 24 they
 * reach the process without it.
 */
export function attributeMicrotasks(isTracked: () => boolean, take: TakeUncaught): void {
  const queue = globalThis.queueMicrotask;
  globalThis.queueMicrotask = function queueMicrotask(callback) {
    // Node has its own error for a callback that is not a function.
    if (typeof callback !== 'function' || !isTracked()) return queue(callback);
    queue(() => {
      try {
        callback();
      } catch (error) {
        if (!take(error, 'uncaughtException')) throw error;
      }
    });
  };
}
