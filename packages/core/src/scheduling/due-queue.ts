/** What is due first. Of what is due at the same time, what came first is first. */

import { Heap } from './heap.js';

interface Due<T> {
  readonly what: T;
  readonly atMs: number;
  readonly turn: number;
}

export class DueQueue<T> {
  readonly #heap = new Heap<Due<T>>((x, y) => x.atMs < y.atMs || (x.atMs === y.atMs && x.turn < y.turn));
  #turns = 0;

  get size(): number {
    return this.#heap.size;
  }

  get first(): T | undefined {
    return this.#heap.first?.what;
  }

  add(what: T, atMs: number): void {
    this.#heap.add({ what, atMs, turn: this.#turns++ });
  }

  /** Takes every entry that is due by then, in order. */
  take(nowMs: number): T[] {
    const taken: T[] = [];
    for (let { first } = this.#heap; first !== undefined && first.atMs <= nowMs; first = this.#heap.first) {
      taken.push(first.what);
      this.drop();
    }
    return taken;
  }

  /** Removes everything else. */
  keep(isWanted: (what: T) => boolean): void {
    this.#heap.keep(({ what }) => isWanted(what));
  }

  /** Removes the first. */
  drop(): void {
    this.#heap.take();
  }
}
