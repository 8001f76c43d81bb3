import type { InterceptorOptions } from '@grpc/grpc-js';
import type { NestedPlace } from '@understudy/core/internal';
import type { MethodPlan } from '../call/methods.js';
import { StreamedCall } from '../call/streamed-call.js';
import type { SessionHost } from '../channel/session-host.js';
import type { ResumableStream } from '../rpc/sent-call.js';

/** A stream that a handler opens at a group, and that the next primary of the handler's own group can go on with. */
export class ResumableCall extends StreamedCall implements ResumableStream {
  readonly nested: NestedPlace;
  #toldUpTo: number;
  #takenUpTo: number;
  /** The positions of messages that the callee took before an earlier one. */
  readonly #takenEarly = new Set<number>();
  #waiting: { readonly position: number; readonly then: () => void } | undefined;

  constructor(host: SessionHost, options: InterceptorOptions, plan: MethodPlan, nested: NestedPlace) {
    super(host, options, plan);
    this.nested = nested;
    this.#toldUpTo = nested.received;
    this.#takenUpTo = nested.position;
  }

  get toldUpTo(): number {
    return this.#toldUpTo;
  }

  take(upTo: number): void {
    this.session?.taken(this, upTo);
  }

  whenTaken(position: number, then: () => void): void {
    this.#waiting = { position, then };
    this.#look();
  }

  leave(): void {
    this.session?.leave?.(this);
  }

  onTaken(position: number): void {
    this.#takenEarly.add(position);
    while (this.#takenEarly.delete(this.#takenUpTo + 1)) this.#takenUpTo++;
    this.#look();
  }

  /** The group frees an item only when the application says that it has it for good. */
  protected override told(index: number): void {
    this.#toldUpTo = index;
  }

  #look(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.position > this.#takenUpTo) return;
    this.#waiting = undefined;
    waiting.then();
  }
}
