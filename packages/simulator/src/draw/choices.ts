/** The source of everything that a run leaves open, so its answers decide the whole run. */
export abstract class Choices {
  /** A whole number, at least 0, less than n. */
  abstract below(n: number): number;
  /** At least `from`, less than `to`. */
  abstract between(from: number, to: number): number;
  abstract chance(probability: number): boolean;

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  maybe<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : this.pick(list);
  }
}
