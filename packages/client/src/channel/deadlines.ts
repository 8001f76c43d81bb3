/** The deadlines of all open calls of a channel, with one timer. */
import { realTimeout, wallMs } from '@understudy/context';

/** Something that ends at a point in time. It keeps its own place in the heap, so that it can leave early. */
export interface Expiring {
  readonly deadlineMs: number;
  /** Place in the heap, or -1 outside of it. Only the heap writes it. */
  heapIndex: number;
  expire(): void;
}

/** A timer cannot wait longer than this; grpc-js treats such deadlines as none. */
const TIMER_MAX_MS = 2_147_483_647;

/**
 * Ends calls at their deadlines. A binary heap makes calls that end before their deadline, as nearly all do, cost next
 * to nothing. The timer does not keep the process alive; an open call does that.
 */
export class Deadlines {
  readonly #heap: Expiring[] = [];
  #timer: NodeJS.Timeout | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#heap.length;
  }

  add(entry: Expiring): void {
    if (entry.deadlineMs - wallMs() > TIMER_MAX_MS) return;
    this.#heap.push(entry);
    entry.heapIndex = this.#heap.length - 1;
    this.#up(entry, entry.heapIndex);
    this.#arm();
  }

  remove(entry: Expiring): void {
    const index = entry.heapIndex;
    if (index < 0) return;
    entry.heapIndex = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    this.#place(last, index);
    this.#up(last, index);
    this.#down(last, last.heapIndex);
  }

  /** A timer whose call has left stays armed: it finds nothing to do and arms itself anew. */
  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.deadlineMs >= this.#armedForMs) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#armedForMs = first.deadlineMs;
    this.#timer = realTimeout(this.#onTimer, Math.max(1, Math.ceil(first.deadlineMs - wallMs())));
    this.#timer.unref();
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const nowMs = wallMs();
    try {
      for (let first = this.#heap[0]; first !== undefined && first.deadlineMs <= nowMs; first = this.#heap[0]) {
        this.remove(first);
        first.expire();
      }
    } finally {
      this.#arm();
    }
  };

  #up(entry: Expiring, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (parent === undefined || parent.deadlineMs <= entry.deadlineMs) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(entry, index);
  }

  #down(entry: Expiring, from: number): void {
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = this.#heap[childIndex];
      const right = this.#heap[childIndex + 1];
      if (child === undefined) break;
      if (right !== undefined && right.deadlineMs < child.deadlineMs) {
        child = right;
        childIndex++;
      }
      if (child.deadlineMs >= entry.deadlineMs) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(entry, index);
  }

  #place(entry: Expiring, index: number): void {
    this.#heap[index] = entry;
    entry.heapIndex = index;
  }
}
