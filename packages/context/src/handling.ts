import { AsyncLocalStorage } from 'node:async_hooks';
import type { NestedCaller, Reply } from '@understudy/core/internal';

/** A unary call that a handler makes. */
export interface NestedRequest {
  /** `/package.Service/Method` */
  readonly method: string;
  readonly message: Uint8Array;
}

/** A call on its way. */
export interface Sent {
  /** Nobody wants its reply any more. `done` is called all the same. */
  cancel(): void;
}

/**
 * Makes the call: on the primary alone, once what it reflects is stable.
 *
 * @param caller names the call for its callee
 * @param done called exactly once, in a later turn, however the call ends
 */
export type SendNested = (caller: NestedCaller, done: (outcome: Reply) => void) => Sent;

/** A call as the handler that made it sees it. */
export interface NestedCall {
  /** The handler gives it up: it is told so where the reply would have been, as part of the order. */
  cancel(): void;
}

/** A replica that processes a message. The calls of its handler go through it instead of to the network. */
export interface Handling {
  /**
   * A handler makes a call. Every replica that executes comes here; the primary sends.
   *
   * @param receive called exactly once, in a later turn: on all replicas at the same place in the order, with the same.
   * It goes on with the handler, within this handling, and throws what the handler throws.
   */
  nest(request: NestedRequest, send: SendNested, receive: (outcome: Reply) => void): NestedCall;
}

const storage = new AsyncLocalStorage<Handling | undefined>();
let expected = false;

/** This process has clients whose calls are to be told from within which handler they are made; that costs a little. */
export function expectCalls(): void {
  expected = true;
}

/** Whether there are any. */
export const callsExpected = (): boolean => expected;

/** Runs what a handler does; `undefined`: its calls are anybody's. */
export function handle<T>(handling: Handling | undefined, run: () => T): T {
  return expected ? storage.run(handling, run) : run();
}

/** Within which handler this runs, if any. */
export const currentHandling = (): Handling | undefined => (expected ? storage.getStore() : undefined);
