import type { TraceEvent, Tracer } from './event.js';
import type { Named, Narrator } from './narrator.js';

/** Turns the happenings of a run into trace events, with the time of the run's clock. */
export abstract class Narration implements Narrator {
  readonly #tracer: Tracer | undefined;

  constructor(tracer: Tracer | undefined) {
    this.#tracer = tracer;
  }

  abstract readonly nowMs: number;

  get tracing(): boolean {
    return this.#tracer !== undefined;
  }

  #event(event: TraceEvent): void {
    this.#tracer?.event(event);
  }

  message(from: Named, to: Named, text: string): void {
    this.#event({ kind: 'message', atMs: this.nowMs, from: from.name, to: to.name, text });
  }

  note(who: Named, text: string): void {
    if (this.tracing) this.#event({ kind: 'note', atMs: this.nowMs, who: who.name, text });
  }

  fault(among: readonly Named[], text: string): void {
    if (this.tracing) this.#event({ kind: 'fault', atMs: this.nowMs, among: among.map(({ name }) => name), text });
  }

  /** Notes that the coordinator's record has changed. */
  protected recordTold(text: string): void {
    this.#event({ kind: 'record', atMs: this.nowMs, text });
  }
}
