/** Which handler makes a call, and how the call reaches the handler's replica. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { NestedCaller, Reply } from '@understudy/core/internal';

/** A unary call that a handler makes. */
export interface NestedRequest {
  /** `/package.Service/Method` */
  readonly method: string;
  readonly message: Uint8Array;
}

/** A call that has left. */
export interface SentCall {
  /** Gives the call up, because nobody needs its reply any more. `done` is called all the same. */
  cancel(): void;
}

/**
 * Makes the call leave. Only the primary calls this, once everything that the call reflects is stable.
 *
 * @param caller names the call for its callee
 * @param done called exactly once, in a later turn, however the call ends
 */
export type SendNested = (caller: NestedCaller, done: (outcome: Reply) => void) => SentCall;

/** A call as the handler that made it holds it. */
export interface NestedCallHandle {
  /** Gives the call up. The handler is told where the reply would have been, as part of the order. */
  cancel(): void;
}

/** A replica that processes a message. The calls of its handler go through it instead of to the network. */
export interface Handling {
  /**
   * Takes a call that a handler makes. Every replica that executes comes here; only the primary sends.
   *
   * @param receive called exactly once, in a later turn: on all replicas at the same place in the order, with the same
   *   reply. It lets the handler go on, within this handling, and throws what the handler throws.
   */
  nest(request: NestedRequest, send: SendNested, receive: (outcome: Reply) => void): NestedCallHandle;
}

const storage = new AsyncLocalStorage<Handling | undefined>();
let expected = false;

/**
 * Says that this process has clients whose calls must be attributed to handlers. Until then nothing is tracked, which
 * saves a little on every message.
 */
export function expectCalls(): void {
  expected = true;
}

/** Whether `expectCalls` was called. */
export const callsExpected = (): boolean => expected;

/**
 * Runs `run` as part of a handler, so that calls made in it, and in everything it starts, belong to that handler; with
 * `undefined` they belong to nobody.
 */
export function handle<T>(handling: Handling | undefined, run: () => T): T {
  return expected ? storage.run(handling, run) : run();
}

/** The handling within which this runs; undefined outside of handlers. */
export const currentHandling = (): Handling | undefined => (expected ? storage.getStore() : undefined);
