/** A stream's way through the user's interceptors, which run on the primary alone. */

import type { StreamItem } from '../model/stream.js';
import type { Message } from './message.js';

/**
 * Tracks which parts and items of a stream have passed the interceptors: its opening, its client's messages and its
 * handler's items. Without interceptors only `admitted` and `gone` are used.
 */
export class StreamPassage {
  /** Whether the opening has passed, so that later parts may be ordered. */
  admitted = true;
  /** Whether the client left before the opening passed: its RPC ended, or it said that it does not have the stream. */
  gone = false;
  /** The client's message that is with the interceptors, or has passed them and is not processed yet. */
  entering: Message | undefined;
  /** Items up to this one were given to the interceptors. */
  offeredUpTo = 0;
  /** Whether a new primary still waits for the client to say which items it has. */
  awaitsAsk = false;
  /** All items up to this one have passed, or need not. */
  #passedUpTo = 0;
  /** The items as the interceptors made them, by index. */
  #passed: Map<number, StreamItem> | undefined;
  #forgottenUpTo = 0;

  pass(index: number, item: StreamItem): void {
    this.#passed ??= new Map();
    this.#passed.set(index, item);
  }

  /** The item as the interceptors made it; undefined while they have it, or if there are none. */
  passed(index: number): StreamItem | undefined {
    return this.#passed?.get(index);
  }

  /** The index up to which all items have passed. The client has those up to `base`. */
  passedUpTo(base: number): number {
    if (this.#passedUpTo < base) this.#passedUpTo = base;
    while (this.#passed?.has(this.#passedUpTo + 1)) this.#passedUpTo++;
    return this.#passedUpTo;
  }

  /** Items up to this one need not pass, because the client has them. */
  skipTo(index: number): void {
    this.offeredUpTo = Math.max(this.offeredUpTo, index);
    this.#passedUpTo = Math.max(this.#passedUpTo, index);
  }

  /** Items beyond this one were dropped from the history. */
  forgetAfter(index: number): void {
    this.#passedUpTo = Math.min(this.#passedUpTo, index);
    for (const passed of this.#passed?.keys() ?? []) if (passed > index) this.#passed?.delete(passed);
  }

  /** The client has taken items up to this one. */
  forgetUpTo(index: number): void {
    const passed = this.#passed;
    if (passed !== undefined && passed.size > 0) {
      // The client may be far ahead of the items that were kept for it.
      if (index - this.#forgottenUpTo > passed.size) for (const i of passed.keys()) i <= index && passed.delete(i);
      else for (let i = this.#forgottenUpTo + 1; i <= index; i++) passed.delete(i);
    }
    if (index > this.#forgottenUpTo) this.#forgottenUpTo = index;
  }
}
