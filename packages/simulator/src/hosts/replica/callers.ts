import type { CallId } from '@understudy/core/internal';
import { type Caller, isStreamCaller, type StreamCaller } from '../../network/caller.js';

/** The callers that wait at a replica, each for its call. */
export class Callers {
  readonly #callers = new Map<CallId, Caller>();

  add(call: CallId, caller: Caller): void {
    this.#callers.set(call, caller);
  }

  /** The caller of a call that is answered now. Only the caller of a stream goes on waiting. */
  answered(call: CallId): Caller | undefined {
    const caller = this.#callers.get(call);
    if (caller !== undefined && isStreamCaller(caller)) return caller;
    return this.take(call);
  }

  stream(call: CallId): StreamCaller | undefined {
    const caller = this.#callers.get(call);
    return caller !== undefined && isStreamCaller(caller) ? caller : undefined;
  }

  /** The call is over. */
  take(call: CallId): Caller | undefined {
    const caller = this.#callers.get(call);
    this.#callers.delete(call);
    return caller;
  }

  loseAll(): void {
    for (const caller of this.#callers.values()) caller.lost();
    this.#callers.clear();
  }
}
