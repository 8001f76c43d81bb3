/** What a run can be found guilty of. */
export type ProblemKind =
  | 'lost'
  | 'doubled'
  | 'unknown'
  | 'different'
  | 'stale'
  | 'unfinished'
  // Of a bank.
  | 'balance'
  | 'audit'
  // Of a stream: a message is missing, one came again, or what was sent in one order has another.
  | 'gap'
  | 'repeat'
  | 'disorder'
  // What was read besides shows something else.
  | 'history';

export interface Problem {
  readonly kind: ProblemKind;
  /** A sentence that names the operation, and what was expected. */
  readonly text: string;
}

/** What a proof has found; see `Problems`. */
export interface Findings {
  readonly problemCount: number;
  readonly problemCounts: Partial<Record<ProblemKind, number>>;
  /** The first ones. */
  readonly problems: readonly Problem[];
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

  /** Counts by kind; kinds without a problem are absent. */
  get findings(): Findings {
    const problemCounts = Object.fromEntries(this.#counts);
    return { problemCount: this.#count, problemCounts, problems: this.#kept };
  }
}
