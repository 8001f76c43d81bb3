import type { Act } from '../../act.js';

/**
 * The acts that may happen next. The one that has been possible for longest goes first, unless the schedule differs.
 */
export class Queue {
  #since = new Map<Act, number>();
  /** The time from which a held act may happen. Infinity means when no other act is possible. */
  readonly #heldUntilMs = new Map<Act, number>();
  #now = 0;

  /** @returns the acts that are possible and not held, oldest first */
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

  /** Removes an act that happens now. If it becomes possible again, it joins the end of the queue. */
  take(act: Act): void {
    this.#since.delete(act);
    this.#heldUntilMs.delete(act);
    act.act();
  }

  hold(act: Act, untilMs: number): void {
    this.#heldUntilMs.set(act, untilMs);
  }
}
