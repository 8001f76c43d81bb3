/** A running handler, as far as the calls that it makes to others are concerned. */
import type { Handling, NestedCallHandle, NestedRequest, SendNested, StepValues } from '@understudy/context';
import type { Reply } from '@understudy/core/internal';

/** Takes a call that a handler makes to another service; see `Handling.nest`. */
export type Nest = (
  run: HandlerRun,
  request: NestedRequest,
  send: SendNested,
  receive: (outcome: Reply) => void,
) => NestedCallHandle;

/** A handler that was started. It makes calls to others and is given their replies. */
export abstract class HandlerRun implements Handling {
  /** How many of its calls have no reply yet. */
  open = 0;
  readonly values: StepValues;
  readonly #nest: Nest;

  constructor(nest: Nest, values: StepValues) {
    this.#nest = nest;
    this.values = values;
  }

  nest(request: NestedRequest, send: SendNested, receive: (outcome: Reply) => void): NestedCallHandle {
    return this.#nest(this, request, send, receive);
  }

  /**
   * Whether a step that is the handler's own must wait for it even when it is at rest, because what it awaits is no
   * reply.
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

  /** Says that a step of the handler's own was given up. */
  abstract abandon(): void;
}
