import { UnderstudyError } from '@understudy/core';
import { TIMER_MAX_MS } from './timer-max.js';

/** The longest delay of a timer in Node. */
const NODE_MAX_MS = 2 ** 31 - 1;
/** Lines of a stack: the error's own, this function's, the replacement's; then the caller's. */
const CALLER_LINE = 3;

/**
 * The delay of a timer that is set in a step, as Node understands it.
 *
 * @returns undefined if a library sets a timer longer than any of a step's: that one watches over its own connections,
 *   and stays real
 * @throws UNDERSTUDY_OUT_OF_ORDER if the service's own code does
 */
export function stepDelay(delayMs: unknown, what: string): number | undefined {
  const ms = Number(delayMs ?? 1);
  const delay = ms >= 1 && ms <= NODE_MAX_MS ? Math.trunc(ms) : 1;
  if (delay <= TIMER_MAX_MS) return delay;
  const caller =
    new Error().stack
      ?.split('\n')
      .slice(CALLER_LINE)
      .find((line) => !line.includes(OWN)) ?? '';
  // In a bundle the stack does not tell libraries from the service.
  if (caller === '' || /[\\/]node_modules[\\/]/.test(caller)) return undefined;
  throw new UnderstudyError(
    'UNDERSTUDY_OUT_OF_ORDER',
    `${what} of ${delay} ms in a handler is longer than ${TIMER_MAX_MS} ms: replicas that join could not run its function. Use replica.after(${delay}, name, payload), which is data and survives`,
  );
}

/** This folder; in a bundle that is a module of ECMAScript there is none. */
const OWN = typeof __dirname === 'string' ? __dirname : '';
