/** Immediates that are laid out at once, at most. */
const LAID_MAX = 64;
/** After so long sockets and timers have their turn. */
const TURN_MS = 5;

/**
 * Waits until handlers have come to rest: until microtasks and ticks are drained (DESIGN 5.8), which they are when node
 * calls the next immediate. It drains them between two immediates of one turn as well. So when one step follows another
 * several immediates are laid out in advance, and a turn has room for many steps, whose outputs leave together.
 */
export class Rest {
  readonly #waiting: (() => void)[] = [];
  /** Laid out and not called yet. */
  #laid = 0;
  /** As many as there were at first in this turn, and how many of them found a step. */
  #size = 1;
  #used = 0;
  #startedMs = 0;

  /** Calls back when what was set going so far has come to rest; one at a time, in order. */
  after(then: () => void): void {
    this.#waiting.push(then);
    if (this.#laid === 0) this.#layOut();
  }

  /** Twice as many if all were used in the turn before: then there is more to do than one turn takes. */
  #layOut(): void {
    this.#size = this.#used === this.#size ? Math.min(2 * this.#size, LAID_MAX) : Math.max(1, this.#used);
    this.#used = 0;
    this.#laid = this.#size;
    this.#startedMs = 0;
    for (let i = 0; i < this.#size; i++) setImmediate(this.#onImmediate);
  }

  readonly #onImmediate = (): void => {
    this.#laid--;
    const nowMs = performance.now();
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
