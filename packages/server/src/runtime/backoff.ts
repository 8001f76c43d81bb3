/** Waits that double, each a fifth more or less at random so that replicas do not move in step. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#nextMs = firstMs;
  }

  next(): number {
    const delayMs = this.#nextMs * (0.8 + 0.4 * Math.random());
    this.#nextMs = Math.min(this.#maxMs, this.#nextMs * 2);
    return delayMs;
  }

  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
