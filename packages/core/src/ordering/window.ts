/** A window over consecutive orders: dropped from the front and appended at the end, each in constant time. */

import { assert } from '../model/assert.js';
import type { OrderNum } from '../model/ids.js';

/** Items for the consecutive orders from `base + 1` to `last`. */
export class OrderWindow<T, N extends number = OrderNum> {
  #items: (T | undefined)[] = [];
  #head = 0;
  #base: N;

  constructor(base: N) {
    this.#base = base;
  }

  /** Items up to this order were dropped. */
  get base(): N {
    return this.#base;
  }

  get last(): N {
    return (this.#base + this.#items.length - this.#head) as N;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  append(orderNum: N, item: T): void {
    assert(orderNum === this.last + 1, () => `order ${orderNum} appended after ${this.last}`);
    this.#items.push(item);
  }

  get(orderNum: N): T | undefined {
    return orderNum > this.#base ? this.#items[this.#head + orderNum - this.#base - 1] : undefined;
  }

  /** The items after `from` up to `upTo`, as far as they are in the window. */
  slice(from: N, upTo: N): T[] {
    const start = Math.max(0, from - this.#base);
    const end = Math.max(start, upTo - this.#base);
    return this.#items.slice(this.#head + start, this.#head + end) as T[];
  }

  /** Drops the items up to `upTo`, and passes each one to `dropped`. */
  dropUpTo(upTo: N, dropped?: (item: T) => void): void {
    while (this.#base < upTo && this.#head < this.#items.length) {
      dropped?.(this.#items[this.#head] as T);
      this.#items[this.#head++] = undefined;
      this.#base = (this.#base + 1) as N;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Drops the items after `upTo`, the last one first, and passes each one to `dropped`. */
  dropAfter(upTo: N, dropped?: (item: T) => void): void {
    while (this.last > upTo && this.length > 0) {
      const item = this.#items.pop() as T;
      dropped?.(item);
    }
  }

  /** Forgets all items and goes on after `base`. */
  reset(base: N): void {
    this.#items = [];
    this.#head = 0;
    this.#base = base;
  }
}
