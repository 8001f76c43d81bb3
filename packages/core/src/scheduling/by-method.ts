import type { Connection } from '../connection/connection.js';
import { isSingle } from './chains.js';
import type { Scheduler, WaitingCall, Work } from './scheduler.js';

/**
 * Several criteria in one group: each method's calls follow the method's own criterion, and the criteria take turns.
 */
export class ByMethod<Ordering> implements Scheduler {
  /** The criteria; the one whose turn it is comes first. */
  #turns: readonly Scheduler[];
  readonly #own: Scheduler;
  readonly #others: ReadonlyMap<Ordering, Scheduler>;
  readonly #orderingOf: (path: string) => Ordering;

  constructor(own: Scheduler, others: ReadonlyMap<Ordering, Scheduler>, orderingOf: (path: string) => Ordering) {
    this.#own = own;
    this.#others = others;
    this.#orderingOf = orderingOf;
    this.#turns = [own, ...others.values()];
  }

  get size(): number {
    return this.#turns.reduce((sum, { size }) => sum + size, 0);
  }

  get load(): number {
    return this.#turns.reduce((sum, { load }) => sum + load, 0);
  }

  countOf(connection: Connection | undefined): number {
    return this.#turns.reduce((sum, scheduler) => sum + scheduler.countOf(connection), 0);
  }

  add(work: Work): void {
    this.#schedulerOf(work).add(work);
  }

  peek(): Work | undefined {
    for (const scheduler of this.#turns) {
      const work = scheduler.peek();
      if (work !== undefined) return work;
    }
    return undefined;
  }

  next(): Work | undefined {
    const at = this.#turns.findIndex((scheduler) => scheduler.peek() !== undefined);
    const scheduler = this.#turns[at];
    if (scheduler === undefined) return undefined;
    this.#turns = [...this.#turns.slice(at + 1), ...this.#turns.slice(0, at + 1)];
    return scheduler.next();
  }

  drain(): Work[] {
    return this.#turns.flatMap((scheduler) => scheduler.drain());
  }

  outranks(work: WaitingCall): boolean {
    return this.#schedulerOf(work).outranks?.(work) ?? false;
  }

  shed(added: WaitingCall): WaitingCall | undefined {
    return this.#schedulerOf(added).shed?.(added);
  }

  reconsider(): void {
    for (const scheduler of this.#turns) scheduler.reconsider?.();
  }

  /** Messages of streams follow the group's criterion, so that each stream keeps its sequence. */
  #schedulerOf(work: Work): Scheduler {
    if (!isSingle(work) || (work.kind !== 'call' && work.kind !== 'read')) return this.#own;
    return this.#others.get(this.#orderingOf(work.request.method)) ?? this.#own;
  }
}
