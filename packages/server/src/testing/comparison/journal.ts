/** What happens on both sides of one call. Tests can wait for something to happen. */
export class Journal {
  /** What the handler did and saw. */
  readonly handler: unknown[] = [];
  /** The messages that the client got. */
  readonly messages: unknown[] = [];
  readonly #waiting = new Set<() => void>();

  readonly log = (...entry: unknown[]): void => {
    this.handler.push(entry.length === 1 ? entry[0] : entry);
    this.changed();
  };

  received(message: unknown): void {
    this.messages.push(message);
    this.changed();
  }

  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  until(condition: (journal: Journal) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition(this)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

export const logged =
  (entry: unknown, times = 1) =>
  ({ handler }: Journal): boolean =>
    handler.filter((seen) => JSON.stringify(seen) === JSON.stringify(entry)).length >= times;

export const got =
  (count: number) =>
  ({ messages }: Journal): boolean =>
    messages.length >= count;
