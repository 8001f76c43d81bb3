/** Anybody whom an event of the trace may be about. */
export interface Named {
  readonly name: string;
}

/** Tells what happens in a run to whoever reads it. */
export interface Narrator {
  /** False: nobody reads this run, so its texts need not be made. */
  readonly tracing: boolean;
  /** A message arrives. */
  message(from: Named, to: Named, text: string): void;
  /** A process does something, or something happens to it. */
  note(who: Named, text: string): void;
  /** @param among whom the fault concerns; nobody means everybody */
  fault(among: readonly Named[], text: string): void;
}
