/** Unary handlers that run by themselves, each in a step that nobody else takes part in. */
import type { HandlerScope, UncaughtOrigin } from '@understudy/context';
import type { OrderNum } from '@understudy/core';
import type { Task } from '@understudy/core/internal';
import { HandlerValues, type StepClock, type ValuesSource } from '../determinism/handler-values.js';
import type { RunningCall } from '../handlers/run-unary.js';
import type { StrayErrors, Strayed } from '../handlers/stray-errors.js';
import type { HandlerTrace } from '../handlers/tracing.js';

export interface SoloOptions extends Omit<ValuesSource, 'clock'> {
  /** Takes errors that nobody caught; undefined: they are the process's. */
  readonly strays: StrayErrors | undefined;
}

/** A handler that can call no other service. Its step is its whole life. */
export class SoloRun implements HandlerScope, StepClock, Strayed {
  readonly kind = 'handler';
  readonly method: string;
  readonly orderNum: OrderNum | undefined;
  /** Undefined for a read: it has no place in the order, so it sees the real clock. */
  readonly values: HandlerValues | undefined;
  /** The time of the step; undefined when it is over. */
  timeMs: number | undefined;
  /** The handler, once its synchronous part is over. */
  running: RunningCall | undefined;
  readonly #strays: StrayErrors | undefined;

  readonly trace: HandlerTrace | undefined;

  constructor(options: SoloOptions, task: Task, trace: HandlerTrace | undefined) {
    this.trace = trace;
    this.method = task.request.method;
    this.#strays = options.strays;
    if (task.kind === 'read') return;
    this.orderNum = task.info.orderNum;
    this.timeMs = task.info.timeMs;
    this.values = new HandlerValues({ ...options, clock: this }, task.info);
  }

  uncaught(error: unknown, origin: UncaughtOrigin): boolean {
    return this.#strays?.take(this, error, origin) === true;
  }

  fault(): void {
    this.running?.fault();
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
