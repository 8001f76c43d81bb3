/** The waits of clients and replicas between attempts. */

import { realRandomNumber } from '@understudy/context';

/** The shortest and the longest wait, in milliseconds. */
export interface BackoffRange {
  readonly firstMs: number;
  readonly maxMs: number;
}

const JITTER = 0.2;

/**
 * Waits between attempts: each is twice as long as the one before, up to a maximum, and a fifth shorter or longer at
 * random, so that many clients or replicas do not try at the same moment.
 */
export class Backoff {
  readonly #range: BackoffRange;
  #nextMs: number;

  constructor(range: BackoffRange) {
    this.#range = range;
    this.#nextMs = range.firstMs;
  }

  /** @returns how long to wait before the next attempt, in milliseconds */
  next(): number {
    const delayMs = this.#nextMs * (1 - JITTER + 2 * JITTER * realRandomNumber());
    this.#nextMs = Math.min(this.#range.maxMs, this.#nextMs * 2);
    return delayMs;
  }

  /** An attempt succeeded, so the next failure waits only the first time again. */
  reset(): void {
    this.#nextMs = this.#range.firstMs;
  }
}
