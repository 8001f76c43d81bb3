/** An event in the trace of a run. Times are virtual, in milliseconds. */
export type TraceEvent =
  /** A process receives a message. */
  | {
      readonly kind: 'message';
      readonly atMs: number;
      readonly from: string;
      readonly to: string;
      readonly text: string;
    }
  /** A process does something, or something happens to it. */
  | { readonly kind: 'note'; readonly atMs: number; readonly who: string; readonly text: string }
  /** A fault begins or ends. `among` names the processes that it concerns; an empty list means all. */
  | { readonly kind: 'fault'; readonly atMs: number; readonly among: readonly string[]; readonly text: string }
  | { readonly kind: 'record'; readonly atMs: number; readonly text: string };

/** Receives a run: first its plan, then its events, at last the broken promise, if there is one. */
export interface Tracer {
  plan(text: string): void;
  event(event: TraceEvent): void;
  violation(reason: string): void;
}
