/** Runs unary handlers. */
import type { Metadata } from '@grpc/grpc-js';
import type { MetadataEntries, Reply, Request } from '@understudy/core/internal';
import { entriesOf, isMetadata, NO_METADATA } from '@understudy/grpc-common';
import type { CapturedUnary } from '../capture/captured.js';
import { type HandlerFault, onRejection } from './handler-fault.js';
import { deserializeRequest, serializeResponse } from './messages.js';
import {
  HANDLER_FAULT,
  noRequest,
  noSuchMethod,
  outcomeOf,
  REQUEST_UNREADABLE,
  RESPONSE_UNWRITABLE,
  statusOfError,
} from './status.js';
import { ReplicatedUnaryCall, type UnaryCallOwner } from './unary-call.js';

export interface RunContext {
  /** The connection's peer as the primary saw it. */
  readonly peer: string;
  readonly onFault?: (fault: HandlerFault) => void;
}

/** A handler that was started. */
export interface RunningCall {
  /**
   * Makes the handler's outcome count for nothing from now on. The handler itself cannot be stopped and may still
   * change state.
   */
  abandon(): void;
  /**
   * Says that the handler threw in code that somebody else called. That ends the call as the rejection of an async
   * handler does.
   */
  threw(error: unknown): void;
  /** Tells the handler that its caller gave up. The handler must still end the call. */
  cancel(): void;
  /** Ends the call as `threw` does, after an error that was logged elsewhere. */
  fault(): void;
}

const NOTHING_RUNS: RunningCall = Object.freeze({ abandon() {}, threw() {}, cancel() {}, fault() {} });

/**
 * Runs the handler of a unary method and makes an outcome of what it does, as a client of grpc-js would see it. `done`
 * is called at most once, never while the handler is still in its synchronous part, and never if the handler does not
 * end.
 *
 * Some mistakes of handlers would end a process that runs grpc-js: an async handler that rejects, or trailers that are
 * no Metadata. Here they end the call with UNKNOWN `Unknown error`, grpc-js's words for a handler that throws. A second
 * call of the callback is ignored. What was thrown goes to `onFault` and never to the client, not even with
 * GRPC_NODE_DEBUG_SEND_ERROR_DETAILS, because replies must not depend on the environment of a replica.
 *
 * @param captured undefined if no such method was registered
 */
export function runUnary(
  captured: CapturedUnary | undefined,
  request: Request,
  context: RunContext,
  done: (outcome: Reply) => void,
): RunningCall {
  if (captured === undefined) {
    done(outcomeOf(noSuchMethod(request.method)));
    return NOTHING_RUNS;
  }
  let message: unknown;
  try {
    message = deserializeRequest(captured, request.message);
  } catch {
    done(outcomeOf(REQUEST_UNREADABLE));
    return NOTHING_RUNS;
  }
  if (!message) {
    done(outcomeOf(noRequest(captured.path)));
    return NOTHING_RUNS;
  }
  const execution = new Execution(captured, context, done);
  execution.run(request, message);
  return execution;
}

class Execution implements RunningCall, UnaryCallOwner {
  readonly #captured: CapturedUnary;
  readonly #context: RunContext;
  readonly #done: (outcome: Reply) => void;
  /** The handler is in its synchronous part. */
  #starting = true;
  #abandoned = false;
  #initialMetadata: MetadataEntries | undefined;
  #outcome: Reply | undefined;
  #call: ReplicatedUnaryCall | undefined;

  constructor(captured: CapturedUnary, context: RunContext, done: (outcome: Reply) => void) {
    this.#captured = captured;
    this.#context = context;
    this.#done = done;
  }

  run(request: Request, message: unknown): void {
    const call = new ReplicatedUnaryCall(request, message, this.#context.peer, this);
    this.#call = call;
    try {
      const result = this.#captured.handler(call, (error, value, trailers) => {
        if (this.#outcome === undefined)
          this.#settle(error ? this.#failure(error, trailers) : this.#reply(value, trailers));
      });
      onRejection(result, (error) => this.#failed('rejected', error));
    } catch (error) {
      this.#threwAtOnce(error);
    }
    this.#starting = false;
    if (this.#outcome !== undefined) this.#deliver(this.#outcome);
  }

  abandon(): void {
    this.#abandoned = true;
  }

  threw(error: unknown): void {
    this.#failed('threw', error);
  }

  cancel(): void {
    try {
      if (this.#outcome === undefined) this.#call?.cancel();
    } catch (error) {
      this.#failed('threw', error);
    }
  }

  fault(): void {
    if (this.#outcome === undefined) this.#settle(outcomeOf(HANDLER_FAULT, this.#initialMetadata));
  }

  sendMetadata(metadata: Metadata): void {
    if (this.#outcome !== undefined || this.#initialMetadata !== undefined) return;
    // Like grpc-js, this takes nothing for empty metadata.
    this.#initialMetadata = metadata ? entriesOf(metadata) : NO_METADATA;
  }

  fail(error: unknown): void {
    if (this.#outcome === undefined) this.#settle(this.#failure(error, undefined));
  }

  #settle(outcome: Reply): void {
    this.#outcome = outcome;
    if (!this.#starting) this.#deliver(outcome);
  }

  #deliver(outcome: Reply): void {
    if (!this.#abandoned) this.#done(outcome);
  }

  #failure(error: unknown, trailers: Metadata | undefined): Reply {
    return outcomeOf(statusOfError(error, trailers), this.#initialMetadata);
  }

  #reply(value: unknown, trailers: Metadata | undefined): Reply {
    const message = serializeResponse(this.#captured, value);
    if (message === undefined) return outcomeOf(RESPONSE_UNWRITABLE, this.#initialMetadata);
    const initialMetadata = this.#initialMetadata ?? NO_METADATA;
    if (trailers === undefined || trailers === null) {
      return { kind: 'reply', code: 0, details: 'OK', initialMetadata, message };
    }
    if (!isMetadata(trailers)) return outcomeOf(HANDLER_FAULT, initialMetadata);
    return { kind: 'reply', code: 0, details: 'OK', initialMetadata, message, trailers: entriesOf(trailers) };
  }

  #threwAtOnce(error: unknown): void {
    this.#context.onFault?.({ kind: 'threw', path: this.#captured.path, error });
    // grpc-js sends this status even after a reply, because that reply's status still waits for its message to be
    // written.
    if (this.#outcome === undefined || this.#outcome.message !== undefined) {
      this.#outcome = outcomeOf(HANDLER_FAULT, this.#outcome?.initialMetadata ?? this.#initialMetadata);
    }
  }

  #failed(kind: HandlerFault['kind'], error: unknown): void {
    this.#context.onFault?.({ kind, path: this.#captured.path, error });
    this.fault();
  }
}
