/** Unary handlers that run by themselves, each in a step that nobody else takes part in. */
import type { HandlerScope } from '@understudy/context';
import type { OrderInfo } from '@understudy/core/internal';
import { HandlerValues, type StepClock, type ValuesSource } from '../determinism/handler-values.js';

/** A handler that can call no other service. Its step is its whole life. */
export class SoloRun implements HandlerScope, StepClock {
  readonly values: HandlerValues;
  /** The time of the step; undefined when it is over. */
  timeMs: number | undefined;

  constructor(source: Omit<ValuesSource, 'clock'>, info: OrderInfo) {
    this.timeMs = info.timeMs;
    this.values = new HandlerValues({ ...source, clock: this }, info);
  }
}

/**
 * Ends the steps of handlers that have replied. A handler may go on behind its reply until it waits for something, so
 * its step ends with the turn of the event loop.
 */
export class SoloEnds {
  #ended: SoloRun[] = [];

  add(run: SoloRun): void {
    if (this.#ended.length === 0) setImmediate(this.#onTurn);
    this.#ended.push(run);
  }

  readonly #onTurn = (): void => {
    for (const run of this.#ended) run.timeMs = undefined;
    this.#ended = [];
  };
}
