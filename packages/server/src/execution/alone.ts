/** The clocks of unary handlers that run alone, and the end of their steps. */
import { realImmediate } from '@understudy/context';
import type { StepClock } from '../determinism/handler-values.js';

/**
 * The time that a handler which runs alone sees: that of its own step, and afterwards that of whichever step is
 * running.
 */
export class AloneClock implements StepClock {
  /** Undefined once the handler's own step is over, or has become one like all others. */
  ownMs: number | undefined;
  readonly #steps: StepClock;

  constructor(ownMs: number, steps: StepClock) {
    this.ownMs = ownMs;
    this.#steps = steps;
  }

  get timeMs(): number | undefined {
    return this.ownMs ?? this.#steps.timeMs;
  }
}

/**
 * Ends the steps of handlers that have replied. A handler may go on behind its reply until it waits for something, so
 * its step ends with the turn of the event loop.
 */
export class AloneEnds {
  #ended: AloneClock[] = [];

  add(clock: AloneClock): void {
    if (this.#ended.length === 0) realImmediate(this.#onTurn);
    this.#ended.push(clock);
  }

  readonly #onTurn = (): void => {
    for (const clock of this.#ended) clock.ownMs = undefined;
    this.#ended = [];
  };
}
