/** An event that a reader of a run wants to see. Times are virtual, in milliseconds. */
export type TraceEvent =
  /** What a process took in, from whom. */
  | {
      readonly kind: 'message';
      readonly atMs: number;
      readonly from: string;
      readonly to: string;
      readonly text: string;
    }
  /** What a process did, or what happened to it. */
  | { readonly kind: 'note'; readonly atMs: number; readonly who: string; readonly text: string }
  /** A fault, or its end. `among`: whom it concerns; nobody means everybody. */
  | { readonly kind: 'fault'; readonly atMs: number; readonly among: readonly string[]; readonly text: string }
  | { readonly kind: 'record'; readonly atMs: number; readonly text: string };

/** The run's plan first, what happened, and at last what did not hold, if anything. */
export interface Tracer {
  plan(text: string): void;
  event(event: TraceEvent): void;
  violation(reason: string): void;
}
