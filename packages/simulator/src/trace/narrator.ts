/** A process that takes part in a trace. */
export interface Named {
  readonly name: string;
}

/** Receives the happenings of a run, for its trace. */
export interface Narrator {
  /** False if the run has no trace, so that callers need not make texts. */
  readonly tracing: boolean;
  /** Notes that a message arrives. */
  message(from: Named, to: Named, text: string): void;
  /** Notes that a process does something or that something happens to it. */
  note(who: Named, text: string): void;
  /** Notes a fault. @param among the processes that it concerns; none means all */
  fault(among: readonly Named[], text: string): void;
}
