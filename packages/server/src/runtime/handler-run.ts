import type { Handling, NestedCall, NestedRequest, SendNested } from '@understudy/context';
import type { Reply } from '@understudy/core/internal';

/** Takes a call that a handler makes to another service; see `Handling.nest`. */
export type Nest = (
  run: HandlerRun,
  request: NestedRequest,
  send: SendNested,
  receive: (outcome: Reply) => void,
) => NestedCall;

/** A handler that was started, as far as it makes calls to others and is given their replies. */
export abstract class HandlerRun implements Handling {
  /** Its calls whose replies it was not given yet. */
  open = 0;
  readonly #nest: Nest;

  constructor(nest: Nest) {
    this.#nest = nest;
  }

  nest(request: NestedRequest, send: SendNested, receive: (outcome: Reply) => void): NestedCall {
    return this.#nest(this, request, send, receive);
  }

  /** It is to end within a step of its own, even if it is at rest: what it awaits is no reply. */
  abstract get isAwaited(): boolean;

  /**
   * Whether a call that it makes during a step has a place in the order.
   *
   * @param own the step is its own: its message is for this handler
   */
  abstract mayCall(own: boolean): boolean;

  /** It threw when it was given a reply. */
  abstract threw(error: unknown): void;

  /** A step of its own was given up. */
  abstract abandon(): void;
}
