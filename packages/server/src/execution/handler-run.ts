/** A running handler, as far as the calls that it makes to other services are concerned. */
import {
  type Handling,
  handle,
  type NestedCallHandle,
  type NestedRequest,
  type ParentCall,
  type SendNested,
  type UncaughtOrigin,
} from '@understudy/context';
import type { OrderNum } from '@understudy/core';
import type { Reply, Task } from '@understudy/core/internal';
import type { HandlerValues } from '../determinism/handler-values.js';
import type { StrayErrors, Strayed } from '../handlers/stray-errors.js';
import type { HandlerTrace } from '../handlers/tracing.js';

/** Takes a call that a handler makes to another service; see `Handling.nest`. */
export type Nest = (
  run: HandlerRun,
  request: NestedRequest,
  send: SendNested,
  receive: (outcome: Reply) => void,
) => NestedCallHandle;

export interface HandlerRunOptions {
  /** The message that starts the handler. */
  readonly task: Extract<Task, { kind: 'ordered' }>;
  readonly nest: Nest;
  /** The time and the randomness that the order gives the handler. */
  readonly values: HandlerValues;
  /** Takes uncaught errors; undefined: the process gets them. */
  readonly strays: StrayErrors | undefined;
  /** The trace of this execution; undefined if there is no tracing. */
  readonly trace: HandlerTrace | undefined;
}

/** A handler that was started. It makes calls to others and is given their replies. */
export abstract class HandlerRun implements Handling, ParentCall, Strayed {
  readonly kind = 'handler';
  readonly method: string;
  readonly orderNum: OrderNum;
  /** How many of its calls have no reply yet. */
  open = 0;
  readonly values: HandlerValues;
  readonly task: HandlerRunOptions['task'];
  readonly #nest: Nest;
  readonly #strays: StrayErrors | undefined;
  readonly trace: HandlerTrace | undefined;
  /** Functions that end what the handler opened, called when the handler's own call is cancelled. */
  #onCancelled: Set<() => void> | undefined;

  constructor({ task, nest, values, strays, trace }: HandlerRunOptions) {
    this.task = task;
    this.method = task.request.method;
    this.orderNum = task.info.orderNum;
    this.#nest = nest;
    this.values = values;
    this.#strays = strays;
    this.trace = trace;
  }

  uncaught(error: unknown, origin: UncaughtOrigin): boolean {
    return this.#strays?.take(this, error, origin) === true;
  }

  nest(request: NestedRequest, send: SendNested, receive: (outcome: Reply) => void): NestedCallHandle {
    return this.#nest(this, request, send, receive);
  }

  get parent(): ParentCall {
    return this;
  }

  get deadlineMs(): number | undefined {
    return this.task.request.deadlineMs;
  }

  abstract get ended(): boolean;

  onCancelled(listener: () => void): () => void {
    this.#onCancelled ??= new Set();
    this.#onCancelled.add(listener);
    return () => this.#onCancelled?.delete(listener);
  }

  /** Ends what the handler has opened, because its call is cancelled at this place in the order. */
  protected cancelOpened(): void {
    for (const listener of this.#onCancelled ?? []) handle(this, listener);
  }

  /**
   * Whether a step that is the handler's own must wait for the handler even when it is at rest, because it awaits
   * something other than a reply.
   */
  abstract get isAwaited(): boolean;

  /**
   * Whether a call that the handler makes during a step has a place in the order.
   *
   * @param own whether the step's message is for this handler
   */
  abstract mayCall(own: boolean): boolean;

  /** Says that the handler threw when it was given a reply. */
  abstract threw(error: unknown): void;

  /** Ends the handler's call with UNKNOWN, unless it has ended. */
  abstract fault(): void;

  /** Says that a step of the handler's own was given up. */
  abstract abandon(): void;
}
