/** Finds the moment at which handlers are at rest: they do nothing more until something from outside wakes them. */
import { monotonicMs, realImmediate } from '@understudy/context';

/** The most immediates that are set in advance. */
const LAID_MAX = 64;
/** After this long sockets and timers have their turn. */
const TURN_MS = 5;

/**
 * Waits until handlers are at rest, which means that microtasks and ticks are drained (DESIGN 5.8). Node drains them
 * before it calls an immediate, and between two immediates of one turn as well. So when steps follow each other,
 * several immediates are set in advance: then one turn has room for many steps, and what they send leaves together.
 */
export class Rest {
  readonly #waiting: (() => void)[] = [];
  /** Immediates that were set and not called yet. */
  #laid = 0;
  /** How many immediates were set for this turn, and how many of them found a step. */
  #size = 1;
  #used = 0;
  #startedMs = 0;

  /** Calls back when everything that was started so far is at rest; one callback at a time, in order. */
  after(then: () => void): void {
    this.#waiting.push(then);
    if (this.#laid === 0) this.#layOut();
  }

  /**
   * Doubles the number of immediates if all of the last ones found a step, because there is then more to do than fits
   * one turn.
   */
  #layOut(): void {
    this.#size = this.#used === this.#size ? Math.min(2 * this.#size, LAID_MAX) : Math.max(1, this.#used);
    this.#used = 0;
    this.#laid = this.#size;
    this.#startedMs = 0;
    for (let i = 0; i < this.#size; i++) realImmediate(this.#onImmediate);
  }

  readonly #onImmediate = (): void => {
    this.#laid--;
    const nowMs = monotonicMs();
    if (this.#startedMs === 0) this.#startedMs = nowMs;
    if (nowMs - this.#startedMs <= TURN_MS) {
      const then = this.#waiting.shift();
      if (then !== undefined) {
        this.#used++;
        then();
      }
    }
    if (this.#laid === 0 && this.#waiting.length > 0) this.#layOut();
  };
}
