/** Only what never comes takes this long. */
const WITHIN_MS = 120_000;

/** Waits for what others bring about, and not for ever: whoever waited too long hears how things stand. */
export class Patience {
  readonly #describe: () => string;
  #looks: (() => void)[] = [];

  /** @param describe how things stand */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  /** Something may have become true. */
  look(): void {
    for (const look of this.#looks.splice(0)) look();
  }

  /** @param condition looked at whenever something may have changed; what it throws ends the wait */
  async until(condition: () => boolean, withinMs = WITHIN_MS): Promise<void> {
    let tooLate: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const give = () => reject(new Error(`waited ${withinMs} ms in vain: ${this.#describe()}`));
      tooLate = setTimeout(give, withinMs);
    });
    try {
      while (!condition()) await Promise.race([new Promise<void>((resolve) => this.#looks.push(resolve)), late]);
    } finally {
      clearTimeout(tooLate);
    }
  }
}
