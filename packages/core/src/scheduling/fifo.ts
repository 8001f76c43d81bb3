import type { Work } from './scheduler.js';

/** A queue whose ends both cost constant time. */
export class Fifo {
  #queue: (Work | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#queue.length - this.#head;
  }

  add(work: Work): void {
    this.#queue.push(work);
  }

  peek(): Work | undefined {
    return this.#queue[this.#head];
  }

  get last(): Work | undefined {
    return this.length === 0 ? undefined : this.#queue.at(-1);
  }

  takeLast(): Work | undefined {
    return this.length === 0 ? undefined : this.#queue.pop();
  }

  next(): Work | undefined {
    if (this.#head === this.#queue.length) return undefined;
    const work = this.#queue[this.#head];
    this.#queue[this.#head++] = undefined;
    if (this.#head === this.#queue.length || this.#head > 4096) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return work;
  }
}
