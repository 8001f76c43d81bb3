import { assert } from '../model/assert.js';
import type { OrderNum } from '../model/ids.js';

/** Consecutive orders from `base + 1` to `last`, dropped from the front and appended at the end, each in constant time. */
export class OrderWindow<T, N extends number = OrderNum> {
  #items: (T | undefined)[] = [];
  #head = 0;
  #base: N;

  constructor(base: N) {
    this.#base = base;
  }

  /** Everything up to here was dropped. */
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

  /** The items after `from` up to `upTo`, both clipped to what is here. */
  slice(from: N, upTo: N): T[] {
    const start = Math.max(0, from - this.#base);
    const end = Math.max(start, upTo - this.#base);
    return this.#items.slice(this.#head + start, this.#head + end) as T[];
  }

  /** Drops everything up to `upTo`, handing each item to `dropped`. */
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

  /** Drops everything after `upTo`, handing each item to `dropped`. */
  dropAfter(upTo: N, dropped?: (item: T) => void): void {
    while (this.last > upTo && this.length > 0) {
      const item = this.#items.pop() as T;
      dropped?.(item);
    }
  }

  /** Forgets everything and goes on after `base`. */
  reset(base: N): void {
    this.#items = [];
    this.#head = 0;
    this.#base = base;
  }
}
