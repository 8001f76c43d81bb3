import type { NestedCall, NestedRequest, SendNested } from '@understudy/context';
import { assert, NESTED_OPEN_MAX, type NestedCaller, type NestedId } from '@understudy/core/internal';
import type { Activity } from './activity.js';
import type { EventLoop } from './event-loop.js';
import type { HandlerRun } from './handler-run.js';
import { localOutcome } from './local-outcome.js';
import { OpenCall, type Receive } from './open-call.js';
import type { Steps } from './steps.js';

export interface NestedCallsOptions {
  readonly loop: EventLoop;
  readonly steps: Steps;
  readonly activity: Activity;
}

/** The calls to other services that handlers have made in one life of a replica, until they are given the replies. */
export class NestedCalls {
  readonly #options: NestedCallsOptions;
  readonly #open = new Map<string, OpenCall>();

  constructor(options: NestedCallsOptions) {
    this.#options = options;
  }

  /** A handler makes a call. If there are too many, that is told within the step, where it is the same on all replicas. */
  make(run: HandlerRun, request: NestedRequest, send: SendNested, receive: Receive): NestedCall {
    const { loop, steps } = this.#options;
    const step = steps.running;
    const call = new OpenCall(run, send, receive);
    if (step === undefined || !run.mayCall(step.run === run)) {
      setImmediate(() => call.give(OUT_OF_ORDER));
      return NO_CALL;
    }
    if (this.#open.size >= NESTED_OPEN_MAX) {
      steps.hold(step, () => call.give(TOO_MANY));
      return NO_CALL;
    }
    const id = step.call(request);
    this.#open.set(keyOf(id), call);
    run.open++;
    loop.dispatch({ kind: 'nestedCall', id });
    // From now on its handler waits for a reply.
    steps.look();
    return call;
  }

  /** On the primary: the call may leave. */
  send(caller: NestedCaller): void {
    const { id } = caller;
    const call = this.#open.get(keyOf(id));
    assert(call !== undefined, () => `call ${keyOf(id)}, which no handler has made, is to be sent`);
    call.send(caller, (outcome) => this.#options.loop.dispatch({ kind: 'nestedReply', to: id, outcome }));
  }

  /**
   * A reply has its place in the order; its handler is about to be given it.
   *
   * @returns undefined if no handler here has made such a call
   */
  take(id: NestedId): OpenCall | undefined {
    const key = keyOf(id);
    const call = this.#open.get(key);
    if (call === undefined) return undefined;
    this.#open.delete(key);
    call.run.open--;
    return call;
  }

  /** This life is over, but whoever begins the next one waits until handlers have come to their end. */
  close(): void {
    if (this.#open.size === 0) return;
    const { activity } = this.#options;
    activity.began();
    for (const call of this.#open.values()) {
      call.cancel();
      call.run.open--;
      call.give(LIFE_ENDED);
    }
    this.#open.clear();
    setImmediate(() => activity.ended());
  }
}

const keyOf = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;

const NO_CALL: NestedCall = Object.freeze({ cancel() {} });

const OUT_OF_ORDER = localOutcome(
  'UNDERSTUDY_OUT_OF_ORDER',
  'the call was made after the end of its handler, or after a timer or I/O of its own; it was not sent',
);
const TOO_MANY = localOutcome(
  'UNDERSTUDY_OVERLOADED',
  `the handlers of this group wait for ${NESTED_OPEN_MAX} calls already; this one was not sent`,
);
const LIFE_ENDED = localOutcome('UNDERSTUDY_INDETERMINATE', 'this replica ended; the call may have taken effect');
