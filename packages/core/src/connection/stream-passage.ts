import type { StreamItem } from '../model/stream.js';
import type { Message } from './message.js';

/**
 * A stream's way through the user's interceptors, which run on the primary alone: of its opening, of its client's messages
 * and of its handler's items. Without interceptors nothing here is used but `admitted` and `gone`.
 */
export class StreamPassage {
  /** The opening has passed, so what follows may be ordered. */
  admitted = true;
  /** Before the opening had passed, its RPC ended, or its client said that it does not have the stream. */
  gone = false;
  /** The client's message that is on its way through the interceptors, or has passed and is not processed yet. */
  entering: Message | undefined;
  /** Items up to here were given to the interceptors. */
  offeredUpTo = 0;
  /** A new primary does not know yet which of the items its client has. */
  awaitsAsk = false;
  /** All items up to here have passed, or need not. */
  #passedUpTo = 0;
  /** What the interceptors made of items, by index. */
  #passed: Map<number, StreamItem> | undefined;
  #forgottenUpTo = 0;

  pass(index: number, item: StreamItem): void {
    this.#passed ??= new Map();
    this.#passed.set(index, item);
  }

  /** What the interceptors made of an item; undefined while they have it, or where there are none. */
  passed(index: number): StreamItem | undefined {
    return this.#passed?.get(index);
  }

  /** All items from `base`, which the client has, up to here have passed. */
  passedUpTo(base: number): number {
    if (this.#passedUpTo < base) this.#passedUpTo = base;
    while (this.#passed?.has(this.#passedUpTo + 1)) this.#passedUpTo++;
    return this.#passedUpTo;
  }

  /** Items up to here need not pass: the client has them. */
  skipTo(index: number): void {
    this.offeredUpTo = Math.max(this.offeredUpTo, index);
    this.#passedUpTo = Math.max(this.#passedUpTo, index);
  }

  /** Items beyond this one never were. */
  forgetAfter(index: number): void {
    this.#passedUpTo = Math.min(this.#passedUpTo, index);
    for (const passed of this.#passed?.keys() ?? []) if (passed > index) this.#passed?.delete(passed);
  }

  /** The client has taken items up to here. */
  forgetUpTo(index: number): void {
    const passed = this.#passed;
    if (passed !== undefined && passed.size > 0) {
      // A client may be far ahead of what was kept for it.
      if (index - this.#forgottenUpTo > passed.size) for (const i of passed.keys()) i <= index && passed.delete(i);
      else for (let i = this.#forgottenUpTo + 1; i <= index; i++) passed.delete(i);
    }
    if (index > this.#forgottenUpTo) this.#forgottenUpTo = index;
  }
}
