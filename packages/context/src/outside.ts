/** The async context outside of all calls. */
import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs code outside of the async context of its caller, as if the process itself did. A connection or a timer that is
 * made there causes nothing in a caller's context later on. It costs a microsecond or two, so it stands where something
 * long-lived begins, not around each step.
 */
export const outside: <T>(run: () => T) => T = AsyncLocalStorage.snapshot();
