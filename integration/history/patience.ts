/** Waits with a bound. */

/** Only what never comes takes this long. */
const WITHIN_MS = 120_000;

/** Waits for conditions that others bring about. A wait that takes too long fails and describes the situation. */
export class Patience {
  readonly #describe: () => string;
  #looks: (() => void)[] = [];

  /** @param describe describes the situation, for the error of a wait in vain */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  /** Checks all conditions again. */
  look(): void {
    for (const look of this.#looks.splice(0)) look();
  }

  /** Waits for a condition. @param condition checked at each `look`; an error that it throws ends the wait */
  async until(condition: () => boolean, withinMs = WITHIN_MS): Promise<void> {
    let tooLate: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const give = () =>
        reject(new Error(`the condition did not become true within ${withinMs} ms: ${this.#describe()}`));
      tooLate = setTimeout(give, withinMs);
    });
    try {
      while (!condition()) await Promise.race([new Promise<void>((resolve) => this.#looks.push(resolve)), late]);
    } finally {
      clearTimeout(tooLate);
    }
  }
}
