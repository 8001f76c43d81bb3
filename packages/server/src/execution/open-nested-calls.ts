/** The calls that handlers have made to other services. */

import type { NestedCallHandle, NestedRequest, SendNested } from '@understudy/context';
import { realImmediate } from '@understudy/context';
import { assert, NESTED_OPEN_MAX, type NestedCaller, type NestedId } from '@understudy/core/internal';
import { errorReply } from '@understudy/grpc-common';
import { LIFE_ENDED } from '../intake/answer.js';
import type { Activity } from '../loop/activity.js';
import type { EventLoop } from '../loop/event-loop.js';
import type { HandlerRun } from './handler-run.js';
import { OpenNestedCall, type Receive } from './open-nested-call.js';
import type { Step } from './step.js';
import type { Steps } from './steps.js';

export interface OpenNestedCallsOptions {
  readonly loop: EventLoop;
  readonly steps: Steps;
  readonly activity: Activity;
}

/** The nested calls of one life of a replica, from when a handler makes them until it is given the reply. */
export class OpenNestedCalls {
  readonly #options: OpenNestedCallsOptions;
  readonly #open = new Map<string, OpenNestedCall>();

  constructor(options: OpenNestedCallsOptions) {
    this.#options = options;
  }

  /**
   * Takes a call that a handler makes. If too many are open, the handler gets an error within the step, the same on all
   * replicas.
   */
  make(run: HandlerRun, request: NestedRequest, send: SendNested, receive: Receive): NestedCallHandle {
    return this.#make(run, (step) => step.call(request), send, receive);
  }

  /** The same for a call whose callee is a function of this process. */
  makeOwn(run: HandlerRun, send: SendNested, receive: Receive): void {
    this.#make(run, (step) => step.place(), send, receive);
  }

  #make(run: HandlerRun, place: (step: Step) => NestedId, send: SendNested, receive: Receive): NestedCallHandle {
    const { loop, steps } = this.#options;
    const step = steps.running;
    const call = new OpenNestedCall(run, send, receive);
    if (step === undefined || !run.mayCall(step.run === run)) {
      realImmediate(() => call.give(OUT_OF_ORDER));
      return NO_CALL;
    }
    if (this.#open.size >= NESTED_OPEN_MAX) {
      steps.hold(step, () => call.give(TOO_MANY));
      return NO_CALL;
    }
    const id = place(step);
    this.#open.set(keyOf(id), call);
    run.open++;
    loop.dispatch({ kind: 'nestedCall', id });
    // From now on the handler waits for a reply, so the step may be over.
    steps.look();
    return call;
  }

  /** Makes a call leave; the core says so on the primary only. */
  send(caller: NestedCaller, again: boolean): void {
    const { id } = caller;
    const call = this.#open.get(keyOf(id));
    assert(call !== undefined, () => `call ${keyOf(id)}, which no handler has made, is to be sent`);
    call.send(caller, again, (outcome) => this.#options.loop.dispatch({ kind: 'nestedReply', to: id, outcome }));
  }

  /**
   * Takes out a call whose reply has its place in the order, so that its handler can be given the reply.
   *
   * @returns undefined if no handler here has made such a call
   */
  take(id: NestedId): OpenNestedCall | undefined {
    const key = keyOf(id);
    const call = this.#open.get(key);
    if (call === undefined) return undefined;
    this.#open.delete(key);
    call.run.open--;
    return call;
  }

  /**
   * The reply to a call is passed over, and its handler never goes on. This cancels whatever else that handler has
   * open: a stream would otherwise stay open for as long as its callee waits, and no replica could join.
   */
  drop(id: NestedId): void {
    const dropped = this.take(id);
    if (dropped === undefined) return;
    for (const call of this.#open.values()) if (call.run === dropped.run) call.cancel();
  }

  /**
   * Ends all waiting handlers with an error, because this life is over. The next life begins only when handlers have
   * ended.
   */
  close(): void {
    if (this.#open.size === 0) return;
    const { activity } = this.#options;
    activity.began();
    for (const call of this.#open.values()) {
      call.leave();
      call.run.open--;
      call.give(ENDED);
    }
    this.#open.clear();
    realImmediate(() => activity.ended());
  }
}

const keyOf = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;

const NO_CALL: NestedCallHandle = Object.freeze({ cancel() {} });

const OUT_OF_ORDER = errorReply(
  'UNDERSTUDY_OUT_OF_ORDER',
  'the call was made after the end of its handler, or after a timer or I/O of its own; it was not sent. Make calls before the end, and wait for nothing but replies before them',
);
const TOO_MANY = errorReply(
  'UNDERSTUDY_OVERLOADED',
  `the handlers of this group wait for ${NESTED_OPEN_MAX} calls already; this one was not sent. Make fewer calls at a time`,
);
const ENDED = errorReply('UNDERSTUDY_INDETERMINATE', LIFE_ENDED);
