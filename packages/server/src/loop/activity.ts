/**
 * Counts the running handlers of all lives of a replica, because a handler of an earlier life may still change the
 * user's state.
 */
export class Activity {
  #running = 0;
  #whenIdle: (() => void)[] = [];

  get running(): number {
    return this.#running;
  }

  began(): void {
    this.#running++;
  }

  ended(): void {
    this.#running--;
    if (this.#running > 0 || this.#whenIdle.length === 0) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }

  /**
   * Waits until no handler runs. None may be started meanwhile.
   *
   * @returns how many still run after `boundMs`
   */
  async idle(boundMs: number): Promise<number> {
    if (this.#running === 0) return 0;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#whenIdle.push(resolve);
      timer = setTimeout(resolve, boundMs);
    });
    clearTimeout(timer);
    return this.#running;
  }
}
