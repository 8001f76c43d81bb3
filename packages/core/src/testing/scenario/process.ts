import type { Core } from '../world/adapter.js';

/**
 * A core in its process, and the events that wait for it. One turn of its event loop takes all that waits and then
 * flushes once, as the server and the client do. The simulator, which draws when a turn ends, flushes as a step of its own.
 */
export abstract class Process<Event extends { readonly kind: string }, Effect> {
  readonly name: string;
  core: Core<Event, Effect> | undefined;
  /** A paused process takes no step: its events wait. */
  paused = false;
  readonly #flush: Event;
  #inbox: Event[] = [];
  /** What happened during a pause. The process learns of it after the frames that arrived before. */
  #late: Event[] = [];
  #busy = false;

  constructor(name: string, flush: Event) {
    this.name = name;
    this.#flush = flush;
  }

  get runs(): boolean {
    return this.core !== undefined;
  }

  clear(): void {
    this.#inbox = [];
    this.#late = [];
  }

  post(event: Event): void {
    if (this.runs) (this.paused ? this.#late : this.#inbox).push(event);
  }

  /** Puts an event before everything that waits. */
  postFirst(event: Event): void {
    if (this.runs) this.#inbox.unshift(event);
  }

  /** @returns whether there was something to catch up with after a pause */
  catchUp(): boolean {
    if (this.paused || this.#late.length === 0) return false;
    this.#inbox.push(...this.#late);
    this.#late = [];
    return true;
  }

  turn(nowMs: number, onEffect: (effect: Effect) => void): void {
    if (this.#busy || this.paused) return;
    this.#busy = true;
    for (;;) {
      const { core } = this;
      const event = this.#inbox.shift() ?? (core?.wantsFlush ? this.#flush : undefined);
      if (core === undefined || event === undefined) break;
      for (const effect of core.step(event, nowMs)) onEffect(effect);
    }
    this.#busy = false;
  }
}
