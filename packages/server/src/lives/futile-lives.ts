/** Makes a replica wait longer and longer when each of its lives ends for the same defect of `restore()`. */
import { Backoff } from '@understudy/grpc-common';

const RANGE = { firstMs: 1_000, maxMs: 300_000 };
/** A replica that lived for longer than this many of its last waits begins with a short wait again. */
const LIVED_IN_WAITS = 10;

/**
 * Counts lives that end because `restore()` gives another state than the copy, so that replies differ. The next life
 * would end alike, and each costs the primary a copy of its state, so the waits grow.
 */
export class FutileLives {
  readonly #backoff = new Backoff(RANGE);
  #count = 0;
  #beginsMs = 0;
  #waitMs = Number.POSITIVE_INFINITY;

  /**
   * @param count how many lives have been futile
   * @returns how long to wait before the next one, in milliseconds; undefined if the last one was not futile
   */
  waitMs(count: number, nowMs: number): number | undefined {
    if (count === this.#count) return undefined;
    this.#count = count;
    if (nowMs - this.#beginsMs > LIVED_IN_WAITS * this.#waitMs) this.#backoff.reset();
    this.#waitMs = this.#backoff.next();
    this.#beginsMs = nowMs + this.#waitMs;
    return this.#waitMs;
  }
}
