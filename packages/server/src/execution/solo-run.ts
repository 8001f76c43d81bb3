/** The handlers of reads, which have no place in the order. */
import type { HandlerScope, StepValues, UncaughtOrigin } from '@understudy/context';
import type { Task } from '@understudy/core/internal';
import type { RunningCall } from '../handlers/run-unary.js';
import type { StrayErrors, Strayed } from '../handlers/stray-errors.js';
import type { HandlerTrace } from '../handlers/tracing.js';

/**
 * A handler of a read: it sees the real clock, unless a test moves that, and its calls and timers have no place in the
 * order.
 */
export class SoloRun implements HandlerScope, Strayed {
  readonly kind = 'handler';
  readonly method: string;
  readonly orderNum = undefined;
  /** The handler, once its synchronous part is over. */
  running: RunningCall | undefined;
  readonly #strays: StrayErrors | undefined;

  readonly trace: HandlerTrace | undefined;
  readonly values: StepValues | undefined;

  constructor(
    { strays, readValues }: { readonly strays: StrayErrors | undefined; readonly readValues?: StepValues | undefined },
    task: Task,
    trace: HandlerTrace | undefined,
  ) {
    this.trace = trace;
    this.values = readValues;
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
