import type { Act } from '../../act.js';

/** What may happen next. What has been possible for longest happens first, unless the schedule says otherwise. */
export class Queue {
  #since = new Map<Act, number>();
  /** When a held act may happen; infinity: when nothing else is possible. */
  readonly #heldUntilMs = new Map<Act, number>();
  #now = 0;

  /** @returns what is possible and not held, oldest first */
  order(acts: readonly Act[], nowMs: number): Act[] {
    this.#now++;
    const since = new Map<Act, number>();
    for (const act of acts) since.set(act, this.#since.get(act) ?? this.#now);
    this.#since = since;
    const ready = [...since.keys()].sort((a, b) => (since.get(a) ?? 0) - (since.get(b) ?? 0));
    if (this.#heldUntilMs.size === 0) return ready;
    const free = ready.filter((act) => (this.#heldUntilMs.get(act) ?? 0) <= nowMs);
    return free.length > 0 ? free : ready.filter((act) => this.#heldUntilMs.get(act) === Number.POSITIVE_INFINITY);
  }

  /** The act happens now. If it becomes possible again, it queues up behind the rest. */
  take(act: Act): void {
    this.#since.delete(act);
    this.#heldUntilMs.delete(act);
    act.act();
  }

  hold(act: Act, untilMs: number): void {
    this.#heldUntilMs.set(act, untilMs);
  }
}
