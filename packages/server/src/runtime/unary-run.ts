import type { MessageName, Reply, Request } from '@understudy/core/internal';
import { type CapturedUnary, type RunContext, type RunningCall, runUnary } from '../handlers/index.js';
import type { Admitted } from './admissions.js';
import { HandlerRun, type Nest } from './handler-run.js';

export interface UnaryRunOptions {
  /** Its message. */
  readonly name: MessageName;
  /** On the primary, if its message passed interceptors: their way back. */
  readonly admitted: Admitted | undefined;
  readonly nest: Nest;
  /** It came to its end. */
  readonly onEnd: (run: UnaryRun, outcome: Reply) => void;
}

/** The handler of a unary call, from its message to its end, which may come some steps later. */
export class UnaryRun extends HandlerRun {
  readonly name: MessageName;
  readonly admitted: Admitted | undefined;
  readonly #onEnd: UnaryRunOptions['onEnd'];
  #running: RunningCall | undefined;
  #outcome: Reply | undefined;
  #abandoned = false;

  constructor({ name, admitted, nest, onEnd }: UnaryRunOptions) {
    super(nest);
    this.name = name;
    this.admitted = admitted;
    this.#onEnd = onEnd;
  }

  /** What it came to; undefined while it runs. */
  get outcome(): Reply | undefined {
    return this.#outcome;
  }

  get isAbandoned(): boolean {
    return this.#abandoned;
  }

  get isAwaited(): boolean {
    return this.#outcome === undefined && this.open === 0;
  }

  /** After its end others cannot wake it, and what it does by itself comes at another time on each replica. */
  mayCall(own: boolean): boolean {
    return !this.#abandoned && (own || this.#outcome === undefined);
  }

  /** To be called once, within this handling. */
  start(captured: CapturedUnary | undefined, request: Request, context: RunContext): void {
    this.#running = runUnary(captured, request, context, (outcome) => {
      this.#outcome = outcome;
      this.#onEnd(this, outcome);
    });
  }

  threw(error: unknown): void {
    this.#running?.threw(error);
  }

  abandon(): void {
    this.#abandoned = true;
  }
}
