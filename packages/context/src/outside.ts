/** The async context outside of all calls. */
import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs code outside of the async context of whoever happens to cause it, as if the process itself did. What is made there, a
 * connection or a timer, causes nothing in a caller's context later on. It costs a microsecond or two, so it stands where
 * something long-lived begins, not around each step.
 */
export const outside: <T>(run: () => T) => T = AsyncLocalStorage.snapshot();
