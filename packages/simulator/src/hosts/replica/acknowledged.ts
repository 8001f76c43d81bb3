/** By term: the newest heartbeat that a life acknowledged, by the clock of that term's primary. */
export class Acknowledged {
  readonly #sentAtMs = new Map<number, number>();

  note(term: number, sentAtMs: number): void {
    this.#sentAtMs.set(term, Math.max(sentAtMs, this.#sentAtMs.get(term) ?? Number.NEGATIVE_INFINITY));
  }

  /** @returns undefined if this life acknowledged nothing of the term's primary */
  of(term: number): number | undefined {
    return this.#sentAtMs.get(term);
  }

  clear(): void {
    this.#sentAtMs.clear();
  }
}
