/** The problems that a proof finds in a run. */

/** The kinds of broken promises. */
export type ProblemKind =
  | 'lost'
  | 'doubled'
  | 'unknown'
  | 'different'
  | 'stale'
  | 'unfinished'
  // Only of a bank.
  | 'balance'
  | 'audit'
  // Only of streams: a message is missing, came again, or came in another order than it was sent.
  | 'gap'
  | 'repeat'
  | 'disorder'
  // Only of a chat: a reading of the history differs from the conversation that the participants heard.
  | 'history';

export interface Problem {
  readonly kind: ProblemKind;
  /** A sentence that names the operation and the expected result. */
  readonly text: string;
}

/** The result of a proof; see `Problems`. */
export interface Findings {
  readonly problemCount: number;
  readonly problemCounts: Partial<Record<ProblemKind, number>>;
  /** The first problems, at most 20. */
  readonly problems: readonly Problem[];
}

const KEPT = 20;

/** Collects problems: counts all of them and keeps the first ones. */
export class Problems {
  readonly #kept: Problem[] = [];
  readonly #counts = new Map<ProblemKind, number>();
  #count = 0;

  add(kind: ProblemKind, text: string): void {
    this.#count += 1;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (this.#kept.length < KEPT) this.#kept.push({ kind, text });
  }

  /** The problems so far. `problemCounts` has no entry for a kind without a problem. */
  get findings(): Findings {
    const problemCounts = Object.fromEntries(this.#counts);
    return { problemCount: this.#count, problemCounts, problems: this.#kept };
  }
}
