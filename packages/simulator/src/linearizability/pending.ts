import type { Operation } from './model.js';

/** No operation may come next. */
export const NONE = -1;

/**
 * The operations that the search has not placed yet, as a linked list from which one is taken and put back in constant
 * time (Wing and Gong, "Testing and verifying concurrent objects", JPDC 1993).
 *
 * The list holds the answered operations in the order of their answers, then those of unknown outcome in the order of
 * their calls. So the search tries first what has to be placed soonest, and a call of unknown outcome only when nothing
 * else fits: just-in-time linearization (Lowe, "Testing for linearizability", CCPE 2017).
 */
export class Pending<Input, Output> {
  /** Operations by their position in the list; the place of `#middle` is empty. */
  readonly operations: readonly (Operation<Input, Output> | undefined)[];
  /** The set of positions taken, as a bitset. */
  readonly taken: Int32Array;
  /** Before the first position. */
  readonly start: number;
  /** Between the answered operations and those of unknown outcome. */
  readonly #middle: number;
  readonly #end: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #invokedAt: Float64Array;
  /** The least `invokedAt` from this position to the end of its part of the list: where a scan may stop. */
  readonly #earliest: Float64Array;

  constructor(history: readonly Operation<Input, Output>[]) {
    const answered: Operation<Input, Output>[] = [];
    const unknown: Operation<Input, Output>[] = [];
    for (const operation of history) {
      demandSound(operation);
      (operation.completedAt === Number.POSITIVE_INFINITY ? unknown : answered).push(operation);
    }
    answered.sort((a, b) => a.completedAt - b.completedAt);
    unknown.sort((a, b) => a.invokedAt - b.invokedAt);
    this.operations = [...answered, undefined, ...unknown];
    this.#middle = answered.length;
    this.#end = history.length + 1;
    this.start = history.length + 2;
    this.taken = new Int32Array((this.#end >>> 5) + 1);
    this.#next = new Int32Array(this.start + 1);
    this.#previous = new Int32Array(this.start + 1);
    this.#invokedAt = new Float64Array(this.#end);
    this.#earliest = new Float64Array(this.#end);
    this.#link();
  }

  #link(): void {
    this.#next[this.start] = 0;
    this.#previous[0] = this.start;
    for (let position = 1; position <= this.#end; position++) {
      this.#next[position - 1] = position;
      this.#previous[position] = position - 1;
    }
    let earliest = Number.POSITIVE_INFINITY;
    for (let position = this.#end - 1; position >= 0; position--) {
      const invokedAt = this.operations[position]?.invokedAt ?? Number.POSITIVE_INFINITY;
      earliest = position === this.#middle ? invokedAt : Math.min(earliest, invokedAt);
      this.#invokedAt[position] = invokedAt;
      this.#earliest[position] = earliest;
    }
  }

  /** Position of the pending operation that was answered first; `#middle` when every answered one is placed. */
  get first(): number {
    return this.#next[this.start] as number;
  }

  /** Every answered operation is placed; one of unknown outcome need not be. */
  get done(): boolean {
    return this.first === this.#middle;
  }

  isUnknown(position: number): boolean {
    return position > this.#middle;
  }

  /**
   * The next position after the given one whose operation may be placed now: it was called before any pending operation
   * was answered. Equal times count as concurrent.
   */
  candidateAfter(position: number): number {
    const deadline = this.operations[this.first]?.completedAt ?? Number.POSITIVE_INFINITY;
    let at = this.#next[position] as number;
    while (at !== this.#end) {
      if ((this.#invokedAt[at] as number) <= deadline) return at;
      if ((this.#earliest[at] as number) <= deadline || at === this.#middle) at = this.#next[at] as number;
      else if (at < this.#middle) at = this.#middle;
      else return NONE;
    }
    return NONE;
  }

  take(position: number): void {
    const next = this.#next[position] as number;
    const previous = this.#previous[position] as number;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    (this.taken[position >>> 5] as number) |= 1 << position;
  }

  /** Puts back the operation that was taken last. */
  putBack(position: number): void {
    this.#next[this.#previous[position] as number] = position;
    this.#previous[this.#next[position] as number] = position;
    (this.taken[position >>> 5] as number) &= ~(1 << position);
  }
}

function demandSound({ process, invokedAt, completedAt, output }: Operation<unknown, unknown>): void {
  if (!Number.isFinite(invokedAt) || !(invokedAt <= completedAt)) {
    throw new RangeError(
      `an operation of process ${process} is called at ${invokedAt} and completes at ${completedAt}`,
    );
  }
  if (completedAt === Number.POSITIVE_INFINITY && output !== undefined) {
    throw new RangeError(
      `an operation of process ${process}, called at ${invokedAt}, has an output but never completes`,
    );
  }
}
