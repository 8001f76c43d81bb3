/** The running handler of a unary call. */
import type { MessageName, Reply, Request } from '@understudy/core/internal';
import type { CapturedUnary } from '../capture/captured.js';
import { type RunContext, type RunningCall, runUnary } from '../handlers/run-unary.js';
import type { Admitted } from '../interception/admissions.js';
import { HandlerRun, type HandlerRunOptions } from './handler-run.js';

export interface UnaryRunOptions extends HandlerRunOptions {
  /** The name of the message that is the call. */
  readonly name: MessageName;
  /** The way back through the interceptors; only on the primary, and only if the call has passed them. */
  readonly admitted: Admitted | undefined;
  /** Called when the handler has ended. */
  readonly onEnd: (run: UnaryRun, outcome: Reply) => void;
}

/** The handler of a unary call, from the step of its message to its end, which may come some steps later. */
export class UnaryRun extends HandlerRun {
  readonly name: MessageName;
  readonly admitted: Admitted | undefined;
  readonly #onEnd: UnaryRunOptions['onEnd'];
  #running: RunningCall | undefined;
  #outcome: Reply | undefined;
  #abandoned = false;

  constructor({ name, admitted, onEnd, ...options }: UnaryRunOptions) {
    super(options);
    this.name = name;
    this.admitted = admitted;
    this.#onEnd = onEnd;
  }

  /** The handler's outcome; undefined while it runs. */
  get outcome(): Reply | undefined {
    return this.#outcome;
  }

  get isAbandoned(): boolean {
    return this.#abandoned;
  }

  get isAwaited(): boolean {
    return this.#outcome === undefined && this.open === 0;
  }

  /**
   * After the handler's end no other handler can wake it, and what it does by itself happens at another time on each
   * replica.
   */
  mayCall(own: boolean): boolean {
    return !this.#abandoned && (own || this.#outcome === undefined);
  }

  /** Starts the handler. To be called once, within this handling. */
  start(captured: CapturedUnary | undefined, request: Request, context: RunContext): void {
    this.#running = runUnary(captured, request, context, (outcome) => {
      this.#outcome = outcome;
      this.#onEnd(this, outcome);
    });
  }

  threw(error: unknown): void {
    this.#running?.threw(error);
  }

  fault(): void {
    this.#running?.fault();
  }

  abandon(): void {
    this.#abandoned = true;
  }
}
