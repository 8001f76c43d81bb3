/** Criteria that compare calls: the most urgent one is next. */

import { Chains } from './chains.js';
import { COUNTED_MAX, laneOf, type Scheduler, type Work } from './scheduler.js';

export interface Criterion {
  /**
   * The work with the lowest key goes first. The key is taken once, when the work comes. Default: all keys are equal.
   */
  readonly keyOf?: (work: Work) => number;
  /**
   * Compares two pieces of work with equal keys: below zero if `a` goes before `b`. Default: the earlier one goes
   * first.
   */
  readonly compare?: (a: Work, b: Work) => number;
}

interface Ranked {
  readonly work: Work;
  readonly key: number;
  /** How many pieces of work came before. */
  readonly arrival: number;
}

/** A binary heap of work. What is no call (a void, a cancellation, an expiry) goes first. */
export class RankedScheduler implements Scheduler {
  readonly #criterion: Criterion;
  readonly #heap: Ranked[] = [];
  readonly #chains = new Chains();
  readonly #lanes = new Map<string, number>();
  #arrivals = 0;
  #size = 0;

  constructor(criterion: Criterion) {
    this.#criterion = criterion;
  }

  get size(): number {
    return this.#size;
  }

  get load(): number {
    if (this.#size <= COUNTED_MAX) return this.#size;
    let load = 0;
    for (const count of this.#lanes.values()) load += Math.min(COUNTED_MAX, count);
    return load;
  }

  add(work: Work): void {
    this.#size++;
    const lane = laneOf(work);
    this.#lanes.set(lane, (this.#lanes.get(lane) ?? 0) + 1);
    if (this.#chains.add(work)) this.#push(work);
  }

  peek(): Work | undefined {
    return this.#heap[0]?.work;
  }

  next(): Work | undefined {
    const work = this.#pop();
    if (work === undefined) return undefined;
    this.#size--;
    const lane = laneOf(work);
    const count = (this.#lanes.get(lane) ?? 1) - 1;
    if (count === 0) this.#lanes.delete(lane);
    else this.#lanes.set(lane, count);
    const follows = this.#chains.left(work);
    if (follows !== undefined) this.#push(follows);
    return work;
  }

  drain(): Work[] {
    const all: Work[] = [];
    for (let work = this.next(); work !== undefined; work = this.next()) all.push(work);
    return all;
  }

  #isBefore(a: Ranked, b: Ranked): boolean {
    const byKey = urgency(a.work) - urgency(b.work) || a.key - b.key;
    const order = byKey || (this.#criterion.compare?.(a.work, b.work) ?? 0);
    return order < 0 || (order === 0 && a.arrival < b.arrival);
  }

  #push(work: Work): void {
    const heap = this.#heap;
    const entry = { work, key: this.#criterion.keyOf?.(work) ?? 0, arrival: this.#arrivals++ };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Ranked;
      if (!this.#isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Work | undefined {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (top === undefined || last === undefined) return undefined;
    if (heap.length === 0) return top.work;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1] as Ranked, heap[child] as Ranked)) child++;
      const below = heap[child] as Ranked;
      if (!this.#isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top.work;
  }
}

const urgency = ({ kind }: Work): number => (kind === 'call' || kind === 'read' ? 1 : 0);
