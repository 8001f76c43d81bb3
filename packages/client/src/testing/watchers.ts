/** Lets tests wait until something that changes satisfies a condition. */
export class Watchers<T> {
  readonly #watched: T;
  readonly #checks = new Set<() => void>();

  constructor(watched: T) {
    this.#watched = watched;
  }

  /** Resolves once the condition holds. */
  until(condition: (watched: T) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition(this.#watched)) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  /** Says that something has changed. */
  changed(): void {
    for (const check of [...this.#checks]) check();
  }
}
