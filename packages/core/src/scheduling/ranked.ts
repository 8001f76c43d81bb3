/** Criteria that compare calls: the most urgent one is next. */

import type { Connection } from '../connection/connection.js';
import { Chains } from './chains.js';
import { Heap } from './heap.js';
import {
  COUNTED_MAX,
  isSheddable,
  laneName,
  laneOf,
  type Scheduler,
  type WaitingCall,
  type Work,
} from './scheduler.js';

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
  /** It has left, although a heap may still have it. */
  left: boolean;
}

/** How many entries that have left a heap may keep. */
const SPARE = 1024;

/** Work by its rank. What is no call (a void, a cancellation, an expiry) goes first. */
export class RankedScheduler implements Scheduler {
  readonly #criterion: Criterion;
  readonly #best = new Heap<Ranked>((a, b) => this.#isBefore(a, b));
  /** The calls that may be refused at the bound of the queue. The first is the one whose turn would come last. */
  readonly #worst = new Heap<Ranked>((a, b) => this.#isBefore(b, a));
  readonly #chains = new Chains();
  readonly #lanes = new Map<string, number>();
  #arrivals = 0;
  #size = 0;
  /** How many calls wait that may be refused. */
  #sheddable = 0;

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

  countOf(connection: Connection | undefined): number {
    return this.#lanes.get(laneName(connection)) ?? 0;
  }

  add(work: Work): void {
    this.#size++;
    const lane = laneOf(work);
    this.#lanes.set(lane, (this.#lanes.get(lane) ?? 0) + 1);
    if (this.#chains.add(work)) this.#push(work);
  }

  peek(): Work | undefined {
    return firstOf(this.#best)?.work;
  }

  next(): Work | undefined {
    const entry = firstOf(this.#best);
    if (entry === undefined) return undefined;
    this.#best.take();
    this.#leave(entry);
    const follows = this.#chains.left(entry.work);
    if (follows !== undefined) this.#push(follows);
    return entry.work;
  }

  drain(): Work[] {
    const all: Work[] = [];
    for (let work = this.next(); work !== undefined; work = this.next()) all.push(work);
    return all;
  }

  outranks(work: WaitingCall): boolean {
    const worst = firstOf(this.#worst);
    return worst !== undefined && this.#isBefore(this.#ranked(work, this.#arrivals), worst);
  }

  shed(): WaitingCall | undefined {
    const worst = firstOf(this.#worst);
    if (worst === undefined) return undefined;
    this.#worst.take();
    this.#leave(worst);
    return worst.work as WaitingCall;
  }

  #isBefore(a: Ranked, b: Ranked): boolean {
    const byKey = urgency(a.work) - urgency(b.work) || a.key - b.key;
    const order = byKey || (this.#criterion.compare?.(a.work, b.work) ?? 0);
    return order < 0 || (order === 0 && a.arrival < b.arrival);
  }

  #ranked(work: Work, arrival: number): Ranked {
    return { work, key: this.#criterion.keyOf?.(work) ?? 0, arrival, left: false };
  }

  #push(work: Work): void {
    const entry = this.#ranked(work, this.#arrivals++);
    this.#best.add(entry);
    if (!isSheddable(work)) return;
    this.#sheddable++;
    this.#worst.add(entry);
  }

  #leave(entry: Ranked): void {
    entry.left = true;
    this.#size--;
    const lane = laneOf(entry.work);
    const count = (this.#lanes.get(lane) ?? 1) - 1;
    if (count === 0) this.#lanes.delete(lane);
    else this.#lanes.set(lane, count);
    if (!isSheddable(entry.work)) return;
    this.#sheddable--;
    if (this.#best.size > 2 * this.#size + SPARE) this.#best.keep(isThere);
    if (this.#worst.size > 2 * this.#sheddable + SPARE) this.#worst.keep(isThere);
  }
}

const isThere = ({ left }: Ranked): boolean => !left;

/** The first entry that has not left. */
function firstOf(heap: Heap<Ranked>): Ranked | undefined {
  while (heap.first?.left) heap.take();
  return heap.first;
}

const urgency = ({ kind }: Work): number => (kind === 'call' || kind === 'read' ? 1 : 0);
