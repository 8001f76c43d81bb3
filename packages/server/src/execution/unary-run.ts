/** The running handler of a unary call. */
import { handle } from '@understudy/context';
import type { MessageName, Reply, Request } from '@understudy/core/internal';
import type { CapturedUnary } from '../capture/captured.js';
import { type RunContext, type RunningCall, runUnary } from '../handlers/run-unary.js';
import type { Admitted } from '../interception/admissions.js';
import type { AloneClock } from './alone.js';
import { HandlerRun, type HandlerRunOptions } from './handler-run.js';

export interface UnaryRunOptions extends HandlerRunOptions {
  /** The name of the message that is the call. */
  readonly name: MessageName;
  /** The way back through the interceptors; only on the primary, and only if the call has passed them. */
  readonly admitted: Admitted | undefined;
  /** Whether the handler may wait until other calls wake it. */
  readonly waitsForOthers: boolean;
  /** The clock of a handler that runs alone, until it puts something off. */
  readonly alone: AloneClock | undefined;
  /** Called when the handler has ended. */
  readonly onEnd: (run: UnaryRun, outcome: Reply) => void;
}

/** The handler of a unary call, from the step of its message to its end, which may come some steps later. */
export class UnaryRun extends HandlerRun {
  readonly name: MessageName;
  readonly admitted: Admitted | undefined;
  readonly waitsForOthers: boolean;
  /** Undefined for a handler whose step is one like all others. */
  alone: AloneClock | undefined;
  /** How many things the handler has put off after its reply, although it ran alone. */
  behind = 0;
  readonly #onEnd: UnaryRunOptions['onEnd'];
  #running: RunningCall | undefined;
  #outcome: Reply | undefined;
  #abandoned = false;

  constructor(options: UnaryRunOptions) {
    super(options);
    this.name = options.name;
    this.admitted = options.admitted;
    this.waitsForOthers = options.waitsForOthers;
    this.alone = options.alone;
    this.#onEnd = options.onEnd;
  }

  /** The handler's outcome; undefined while it runs. */
  get outcome(): Reply | undefined {
    return this.#outcome;
  }

  get ended(): boolean {
    return this.#outcome !== undefined;
  }

  get isAbandoned(): boolean {
    return this.#abandoned;
  }

  get isAwaited(): boolean {
    return this.#outcome === undefined && this.open === 0 && !this.waitsForOthers;
  }

  /**
   * After the handler's end no other handler can wake it, and whatever it does by itself happens at another time on
   * each replica.
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

  /** Tells the handler that its caller has given up, in a tick of its own. */
  cancel(): void {
    process.nextTick(() => {
      handle(this, () => this.#running?.cancel());
      this.cancelOpened();
    });
  }

  fault(): void {
    this.#running?.fault();
  }

  abandon(): void {
    this.#abandoned = true;
  }
}
