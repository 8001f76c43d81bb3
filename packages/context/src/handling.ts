/**
 * Tells which handler the running code belongs to: how its calls reach its replica, what time and randomness it sees,
 * and what takes the errors that it does not catch.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { NestedCaller, Reply } from '@understudy/core/internal';
import { realRandomNumber, wallMs } from './real.js';
import type { RunningStep, StepValues } from './step-values.js';
import { attributeMicrotasks, type TakeUncaught, takeUncaught } from './uncaught.js';

/** A unary call that a handler makes, or a part of a streaming one. */
export interface NestedRequest {
  /** `/package.Service/Method` */
  readonly method: string;
  readonly message: Uint8Array;
}

/** A call that has left. */
export interface SentCall {
  /** Gives the call up, because its reply is no longer needed. `done` is called all the same. */
  cancel(): void;
  /**
   * This life of the replica is over, and a successor may go on with the call. `done` is not waited for. Absent: the
   * call is given up.
   */
  leave?(): void;
}

/**
 * Makes the call leave. Only the primary calls this, once everything that the call reflects is stable.
 *
 * @param caller names the call for its callee
 * @param done called exactly once, in a later turn, however the call ends
 * @param again whether an earlier primary may have made the same call leave
 */
export type SendNested = (caller: NestedCaller, done: (outcome: Reply) => void, again: boolean) => SentCall;

/** A call as the handler that made it holds it. */
export interface NestedCallHandle {
  /** Gives the call up. The handler is told where the reply would have been, as part of the order. */
  cancel(): void;
}

/** A handler that a replica runs, as code within it sees it. */
export interface HandlerScope {
  /** Takes an error that the handler's code did not catch. Undefined: the process gets such errors. */
  readonly uncaught?: TakeUncaught | undefined;
  /** The time and the randomness that the order gives the handler. Undefined: the real clock and randomness. */
  readonly values?: StepValues | undefined;
  /** Gives the handler its async context. Undefined: it has the context of the code that causes its steps. */
  readonly trace?: { within<T>(run: () => T): T } | undefined;
}

/** A replica that processes a message. The calls of its handler go through it instead of to the network. */
export interface Handling extends HandlerScope {
  /**
   * Takes a call that a handler makes. Every replica that executes comes here; only the primary sends.
   *
   * @param receive called exactly once, in a later turn: on all replicas at the same place in the order, with the same
   *   reply. It lets the handler go on, within this handling, and throws what the handler throws.
   */
  nest(request: NestedRequest, send: SendNested, receive: (outcome: Reply) => void): NestedCallHandle;
  /** The call that the handler answers; absent where its deadline and its end are not known. */
  readonly parent?: ParentCall;
}

/** The call that a handler answers. Streams that the handler opens end with it. */
export interface ParentCall {
  /** When the caller stops waiting, in milliseconds since 1970; undefined if it never does. */
  readonly deadlineMs: number | undefined;
  /** Whether the handler has answered. */
  readonly ended: boolean;
  /**
   * Has `listener` called, within the handler, at the place in the order at which the call is cancelled.
   *
   * @returns a function that takes the listener back
   */
  onCancelled(listener: () => void): () => void;
}

const storage = new AsyncLocalStorage<HandlerScope | undefined>();
let expected = false;
let tracked = false;
let contained = false;

/**
 * Says that this process has clients whose calls must be attributed to handlers. Until then handlers whose steps need
 * nothing else are run in a simpler way.
 */
export function expectCalls(): void {
  expected = true;
  tracked = true;
}

/** Whether `expectCalls` was called. */
export const callsExpected = (): boolean => expected;

/** Says that this process must know which handler code belongs to. Until this or `expectCalls` nothing is tracked. */
export function trackHandlers(): void {
  tracked = true;
}

/** Says that handlers take the errors that their code did not catch: `HandlerScope.uncaught`. */
export function containErrors(): void {
  trackHandlers();
  if (contained) return;
  contained = true;
  const take: TakeUncaught = (error, origin) => storage.getStore()?.uncaught?.(error, origin) === true;
  takeUncaught(take);
  attributeMicrotasks(() => storage.getStore()?.uncaught !== undefined, take);
}

/**
 * Runs `run` as part of a handler, so that it and everything it starts see the handler's time and randomness, and calls
 * made there and errors thrown there belong to that handler. With `undefined` it belongs to no handler.
 */
export function handle<T>(scope: HandlerScope | undefined, run: () => T): T {
  if (!tracked) return run();
  const trace = scope?.trace;
  return trace === undefined ? storage.run(scope, run) : trace.within(() => storage.run(scope, run));
}

/** The handler within which this runs, if its calls have a place in the order; undefined outside of such handlers. */
export function currentHandling(): Handling | undefined {
  const scope = expected ? storage.getStore() : undefined;
  return scope !== undefined && 'nest' in scope ? (scope as Handling) : undefined;
}

/** The values that the order gives to the running code; undefined outside of steps. */
export function currentStep(): RunningStep | undefined {
  const values = tracked ? storage.getStore()?.values : undefined;
  return values?.timeMs === undefined ? undefined : (values as RunningStep);
}

/**
 * The time of the step that is running, the same on every replica; outside of handlers the real time.
 *
 * @returns milliseconds since 1970
 */
export const stepTime = (): number => currentStep()?.timeMs ?? wallMs();

/**
 * A random number from 0 up to but not including 1. In a handler it is the same on every replica, and nobody outside of
 * the group can foresee it; outside of handlers it is what `Math.random` gives.
 */
export const stepRandom = (): number => currentStep()?.random.next() ?? realRandomNumber();
