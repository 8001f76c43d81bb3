/**
 * Errors that handlers and interceptors leave uncaught: thrown in a timer, a tick or a listener, or from a promise that
 * nothing awaits.
 */
import { handle, type UncaughtOrigin } from '@understudy/context';
import type { Logger, OrderNum } from '@understudy/core';
import { InvariantViolation } from '@understudy/core/internal';
import { textOfError } from './handler-fault.js';

/** User code that runs for a call, as far as such an error concerns it. */
export interface Strayed {
  readonly kind: 'handler' | 'interceptor';
  readonly method: string;
  /** The order of the message that started a handler; undefined for a read, and for interceptors. */
  readonly orderNum: OrderNum | undefined;
  /** Ends the call with UNKNOWN, unless it has ended. */
  fault(): void;
}

/**
 * Makes a stray error the failure of its call. Left to the process it would end all replicas, because every replica
 * runs the same handlers (DESIGN 5.14). Counts such errors over all lives of a replica.
 */
export class StrayErrors {
  readonly #logger: Logger;
  #count = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns false for an error that is not the user's but ours, which the process must not survive */
  take(run: Strayed, error: unknown, origin: UncaughtOrigin): boolean {
    if (error instanceof InvariantViolation) return false;
    this.#count++;
    const { kind, method, orderNum } = run;
    try {
      const order = orderNum === undefined ? {} : { orderNum };
      const fields = { kind, origin, method, ...order, error: textOfError(error) };
      // The user's logger does not run as part of the handler.
      handle(undefined, () => this.#logger.log('error', 'an error that nobody caught ends its call', fields));
    } catch (failure) {
      // An error thrown here would end the process, and every replica has the same logger.
      process.emitWarning(`the logger of a replica threw: ${String(failure)}`);
    }
    run.fault();
    return true;
  }
}
