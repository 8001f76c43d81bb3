/** Runs streaming handlers. */
import type { sendUnaryData } from '@grpc/grpc-js';
import type { Request, StreamItem } from '@understudy/core/internal';
import type { CapturedStream } from '../capture/captured.js';
import { DuplexCall } from './duplex-call.js';
import { type HandlerFault, onRejection } from './handler-fault.js';
import { deserializeRequest } from './messages.js';
import { HANDLER_FAULT, noRequest, REQUEST_UNREADABLE, statusOfError } from './status.js';
import { StreamWire } from './stream-wire.js';
import { WritableCall } from './writable-call.js';

export interface StreamExecutionOptions {
  readonly captured: CapturedStream;
  /** The request that opened the stream. It has the one message if the method takes only one. */
  readonly request: Request;
  /** The connection's peer as the primary saw it. */
  readonly peer: string;
  /** Takes what the handler sends, in order; a status comes once and last. Must not throw. */
  readonly onItem: (item: StreamItem) => void;
  readonly onFault?: (fault: HandlerFault) => void;
}

/**
 * Runs the handler of a streaming method, step by step, as grpc-js would. Mistakes of the handler or of its listeners
 * that would end a process running grpc-js end the call with UNKNOWN `Unknown error`, as in `runUnary`.
 *
 * The result of a step depends on the steps so far and on nothing else. Therefore each begins in a tick of its own:
 * node's streams act in ticks and promises in microtasks, and which of them come first depends on where the step
 * begins. The caller waits for a `setImmediate` before the next step.
 */
export class StreamExecution {
  readonly #options: StreamExecutionOptions;
  readonly #wire: StreamWire;
  #responded = false;

  constructor(options: StreamExecutionOptions) {
    this.#options = options;
    this.#wire = new StreamWire({
      captured: options.captured,
      onItem: options.onItem,
      onListenerFault: (kind, error) => this.#faulted(kind, error),
    });
  }

  /** Whether the status was sent or the call was cancelled. */
  get over(): boolean {
    return this.#wire.over;
  }

  /** Calls the handler. */
  start(): void {
    this.#step(() => this.#start());
  }

  /** Takes the client's next message. */
  message(bytes: Uint8Array): void {
    this.#step(() => this.#wire.requests.message(bytes));
  }

  /** Takes the client's half-close. */
  end(): void {
    this.#step(() => this.#wire.requests.end());
  }

  /** Ends the call because the client is gone. Nothing is sent from now on, and the handler hears of it. */
  cancel(): void {
    this.#wire.cancel();
  }

  /** @param upTo the client has taken the items up to this position, counting all of them from 1 */
  credit(upTo: number): void {
    this.#step(() => this.#wire.credit(upTo));
  }

  /** Says that the handler threw in code that another object called. */
  threw(error: unknown): void {
    this.#faulted('threw', error);
  }

  /** Ends the call as `threw` does, after an error that was logged elsewhere. */
  fault(): void {
    if (!this.#responded) this.#wire.endWith(HANDLER_FAULT);
  }

  #step(act: () => void): void {
    process.nextTick(() => {
      if (!this.over) act();
    });
  }

  #start(): void {
    const { captured, request, peer } = this.#options;
    const origin = { request, peer, owner: this.#wire };
    if (captured.kind === 'serverStream') {
      const message = this.#onlyRequest();
      if (this.over) return;
      const call = this.#wire.attach(new WritableCall(origin, message));
      this.#invoke(() => captured.handler(call));
      return;
    }
    const call = this.#wire.attach(new DuplexCall(origin));
    if (captured.kind === 'bidi') this.#invoke(() => captured.handler(call));
    else this.#invoke(() => captured.handler(call, this.#respond));
  }

  #onlyRequest(): unknown {
    const { captured, request } = this.#options;
    let message: unknown;
    try {
      message = deserializeRequest(captured, request.message);
    } catch {
      this.#wire.sendStatus(REQUEST_UNREADABLE);
      return undefined;
    }
    if (!message) this.#wire.sendStatus(noRequest(captured.path));
    return message;
  }

  #invoke(handler: () => unknown): void {
    try {
      onRejection(handler(), (error) => this.#faulted('rejected', error));
    } catch (error) {
      this.#tell('threw', error);
      // As in grpc-js, this status does not wait for what was written before.
      this.#wire.sendStatus(HANDLER_FAULT);
    }
  }

  /** The callback of a client-streaming method, of which only the first call counts. */
  readonly #respond: sendUnaryData<unknown> = (error, value, trailers) => {
    if (this.#responded) return;
    this.#responded = true;
    if (error) {
      this.#wire.sendStatus(statusOfError(error, trailers));
      return;
    }
    const ok = { code: 0, details: 'OK', metadata: trailers ?? null };
    this.#wire.sendMessage(this.#wire.written(value), () => this.#wire.sendStatus(ok));
  };

  #faulted(kind: HandlerFault['kind'], error: unknown): void {
    this.#tell(kind, error);
    this.fault();
  }

  #tell(kind: HandlerFault['kind'], error: unknown): void {
    this.#options.onFault?.({ kind, path: this.#options.captured.path, error });
  }
}
