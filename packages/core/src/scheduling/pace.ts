/** Measures how fast messages get their turn, which tells how long a new one would wait. */

/** About how many messages the pace is averaged over. */
const AVERAGED = 64;

export class Pace {
  #everyMs = 0;
  #lastMs: number | undefined;

  /**
   * A message has its turn.
   *
   * @param waiting whether another one waits, so that the time until its turn shows how fast the group is
   */
  turn(nowMs: number, waiting: boolean): void {
    if (this.#lastMs !== undefined) this.#everyMs += (nowMs - this.#lastMs - this.#everyMs) / AVERAGED;
    this.#lastMs = waiting ? nowMs : undefined;
  }

  /** About how long a message waits that has this many ahead of it. */
  waitMs(ahead: number): number {
    return ahead * this.#everyMs;
  }
}
