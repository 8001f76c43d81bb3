/** The handlers of reads, which have no place in the order. */
import type { HandlerScope, UncaughtOrigin } from '@understudy/context';
import type { Task } from '@understudy/core/internal';
import type { RunningCall } from '../handlers/run-unary.js';
import type { StrayErrors, Strayed } from '../handlers/stray-errors.js';
import type { HandlerTrace } from '../handlers/tracing.js';

/** A handler that sees the real clock, and whose calls and timers are its own. */
export class SoloRun implements HandlerScope, Strayed {
  readonly kind = 'handler';
  readonly method: string;
  readonly orderNum = undefined;
  /** The handler, once its synchronous part is over. */
  running: RunningCall | undefined;
  readonly #strays: StrayErrors | undefined;

  readonly trace: HandlerTrace | undefined;

  constructor(strays: StrayErrors | undefined, task: Task, trace: HandlerTrace | undefined) {
    this.trace = trace;
    this.method = task.request.method;
    this.#strays = strays;
  }

  uncaught(error: unknown, origin: UncaughtOrigin): boolean {
    return this.#strays?.take(this, error, origin) === true;
  }

  fault(): void {
    this.running?.fault();
  }
}
