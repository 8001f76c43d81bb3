/** What a run can be found guilty of. */
export type ProblemKind = 'lost' | 'doubled' | 'unknown' | 'different' | 'stale' | 'balance' | 'audit' | 'unfinished';

export interface Problem {
  readonly kind: ProblemKind;
  /** A sentence that names the operation, and what was expected. */
  readonly text: string;
}

const KEPT = 20;

/** Problems as they are found: all are counted, the first ones are kept. */
export class Problems {
  readonly #kept: Problem[] = [];
  readonly #counts = new Map<ProblemKind, number>();
  #count = 0;

  add(kind: ProblemKind, text: string): void {
    this.#count += 1;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (this.#kept.length < KEPT) this.#kept.push({ kind, text });
  }

  get count(): number {
    return this.#count;
  }

  /** By kind; kinds without a problem are absent. */
  get counts(): Partial<Record<ProblemKind, number>> {
    return Object.fromEntries(this.#counts);
  }

  get kept(): readonly Problem[] {
    return this.#kept;
  }
}
