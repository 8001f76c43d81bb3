/** The operations that a search has still to place. */
import type { Operation } from './model.js';

/** The position that means: no operation may come next. */
export const NONE = -1;

/**
 * The operations that the search has not placed yet, in a linked list. Taking one and putting it back takes constant
 * time (Wing and Gong, "Testing and verifying concurrent objects", JPDC 1993).
 *
 * The list has the answered operations in the order of their answers, then those of unknown outcome in the order of
 * their calls. So the search first tries the operation that must be placed soonest, and one of unknown outcome only
 * when no other fits: just-in-time linearization (Lowe, "Testing for linearizability", CCPE 2017).
 */
export class Pending<Input, Output> {
  /** The operations by their position in the list. The position `#middle` has none. */
  readonly operations: readonly (Operation<Input, Output> | undefined)[];
  /** A bitset of the positions that are taken. */
  readonly taken: Int32Array;
  /** The position before the first one. */
  readonly start: number;
  /** The position between the answered operations and those of unknown outcome. */
  readonly #middle: number;
  readonly #end: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #invokedAt: Float64Array;
  /**
   * For each position, the least `invokedAt` from there to the end of its part of the list. It lets a scan stop early.
   */
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

  /** The position of the pending operation that was answered first; `#middle` if all answered ones are placed. */
  get first(): number {
    return this.#next[this.start] as number;
  }

  /** Whether every answered operation is placed. Those of unknown outcome need not be. */
  get done(): boolean {
    return this.first === this.#middle;
  }

  isUnknown(position: number): boolean {
    return position > this.#middle;
  }

  /**
   * Returns the next position after the given one whose operation may be placed now, because it was called before any
   * pending operation was answered. Equal times count as concurrent.
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

  /** Puts the operation back that was taken last. */
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
