/** What is due first: a binary heap. Of what is due at the same time, what came first is first. */

interface Due<T> {
  readonly what: T;
  readonly atMs: number;
  readonly turn: number;
}

export class DueQueue<T> {
  #heap: Due<T>[] = [];
  #turns = 0;

  get size(): number {
    return this.#heap.length;
  }

  get first(): T | undefined {
    return this.#heap[0]?.what;
  }

  add(what: T, atMs: number): void {
    const heap = this.#heap;
    let i = heap.push({ what, atMs, turn: this.#turns++ }) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#isBefore(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  /** Takes every entry that is due by then, in order. */
  take(nowMs: number): T[] {
    const taken: T[] = [];
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= nowMs; first = this.#heap[0]) {
      taken.push(first.what);
      this.drop();
    }
    return taken;
  }

  /** Removes everything else. */
  keep(isWanted: (what: T) => boolean): void {
    // What is sorted is a heap.
    this.#heap = this.#heap.filter(({ what }) => isWanted(what)).sort((x, y) => x.atMs - y.atMs || x.turn - y.turn);
  }

  /** Removes the first. */
  drop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && this.#isBefore(child, least)) least = child;
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a] as Due<T>, this.#heap[b] as Due<T>];
    return x.atMs < y.atMs || (x.atMs === y.atMs && x.turn < y.turn);
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    [heap[a], heap[b]] = [heap[b] as Due<T>, heap[a] as Due<T>];
  }
}
