import { handle } from '@understudy/context';
import type { StreamName } from '@understudy/core/internal';
import { StreamExecution, type StreamExecutionOptions } from '../handlers/stream-execution.js';
import { HandlerRun, type HandlerRunOptions } from './handler-run.js';

/** The running handler of a stream. It takes one step for each message, and one for each reply to its calls. */
export class StreamRun extends HandlerRun {
  /** The name under which its stream goes on. */
  name: StreamName;
  readonly #execution: StreamExecution;

  constructor(options: HandlerRunOptions, name: StreamName, execution: StreamExecutionOptions) {
    super(options);
    this.name = name;
    this.#execution = new StreamExecution(execution);
  }

  /** A step never waits for a streaming handler, because the handler's results are items, whenever it sends them. */
  get isAwaited(): boolean {
    return false;
  }

  get ended(): boolean {
    return this.#execution.over;
  }

  mayCall(): boolean {
    return true;
  }

  threw(error: unknown): void {
    this.#execution.threw(error);
  }

  fault(): void {
    this.#execution.fault();
  }

  abandon(): void {}

  start(): void {
    handle(this, () => this.#execution.start());
  }

  message(bytes: Uint8Array): void {
    handle(this, () => this.#execution.message(bytes));
  }

  end(): void {
    handle(this, () => this.#execution.end());
  }

  cancel(): void {
    const wasOver = this.ended;
    handle(this, () => this.#execution.cancel());
    if (!wasOver) this.cancelOpened();
  }

  credit(upTo: number): void {
    handle(this, () => this.#execution.credit(upTo));
  }
}
