import type { TraceEvent, Tracer } from './event.js';

/** Keeps the events of a run, or of a stretch of it, to draw them when it is over. */
export class Recording implements Tracer {
  planText = '';
  readonly events: TraceEvent[] = [];
  violationText: string | undefined;

  plan(text: string): void {
    this.planText = text;
  }

  event(event: TraceEvent): void {
    this.events.push(event);
  }

  violation(reason: string): void {
    this.violationText = reason;
  }
}

/** A stretch of virtual time, both ends included. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Passes a run on to several receivers, with only the events in a stretch of time. */
export const traceTo = (tracers: readonly Tracer[], { fromMs, toMs }: Stretch): Tracer => ({
  plan(text) {
    for (const tracer of tracers) tracer.plan(text);
  },
  event(event) {
    if (event.atMs < fromMs || event.atMs > toMs) return;
    for (const tracer of tracers) tracer.event(event);
  },
  violation(reason) {
    for (const tracer of tracers) tracer.violation(reason);
  },
});
