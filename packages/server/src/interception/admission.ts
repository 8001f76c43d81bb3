/** Unary calls between the wire and their handler: the user's interceptors. */
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import type { Reply, Request } from '@understudy/core/internal';
import { entriesOf, metadataOf, NO_METADATA, sameEntries } from '@understudy/grpc-common';
import type { CapturedMethod } from '../capture/captured.js';
import type { HandlerFault } from '../handlers/handler-fault.js';
import { noRequest, type PartialStatus, secondRequest } from '../handlers/status.js';
import type { StrayErrors } from '../handlers/stray-errors.js';
import { withMetadata } from './change.js';
import { bytesPassedOn } from './passed-on.js';
import { WireCall, type WireCallOptions } from './wire-call.js';

/** How the request half of the interceptors ended. */
export type AdmitResult =
  | {
      readonly kind: 'admitted';
      /** The request as the interceptors changed it; absent if they changed nothing. */
      readonly changed?: Request;
      /**
       * Sends the handler's outcome through the response half; to be called once. `sent` gets what goes to the client.
       * It is never called if an interceptor keeps the outcome for ever.
       */
      readonly finish: (outcome: Reply, sent: (outcome: Reply) => void) => void;
      /** Ends the call for the interceptors without its handler, in place of `finish`. They get `onCancel`. */
      readonly drop: () => void;
    }
  | { readonly kind: 'ended'; readonly outcome: Reply };

/** A call on its way through the interceptors. */
export interface Admission {
  /** Says that the caller is gone. Interceptors get `onCancel`, and what they do from now on is ignored. */
  cancel(): void;
}

export interface AdmitOptions {
  /** The RPC, if the call came as one. It tells interceptors the host and the auth context. */
  readonly origin?: NonNullable<WireCallOptions['origin']>;
  readonly onFault?: (fault: HandlerFault) => void;
  /** Takes errors that interceptors leave uncaught; undefined: the process gets them. */
  readonly strays?: StrayErrors | undefined;
}

const UNTOUCHED: AdmitResult = Object.freeze({
  kind: 'admitted',
  finish: (outcome: Reply, sent: (outcome: Reply) => void) => sent(outcome),
  drop() {},
});
const NOTHING_WAITS: Admission = Object.freeze({ cancel() {} });
const NO_OPTIONS: AdmitOptions = Object.freeze({});

/**
 * Runs the request half of the user's interceptors, the first nearest the wire, as a grpc-js server would before it
 * calls the handler. `cb` is called at most once, in a microtask of its own (at once if there are no interceptors). It
 * is never called if an interceptor holds the call for ever or the call is cancelled. An interceptor that throws ends
 * the call with UNKNOWN, where grpc-js would end the process.
 *
 * If the handler's reply cannot be serialized, interceptors see the INTERNAL status pass; in grpc-js they see the
 * message and not the status. Only metadata and message reach the handler. What interceptors attach to the call in
 * other ways (opaque metadata, an AsyncLocalStorage) does not, since backups run the handler without interceptors.
 */
export function admit(
  interceptors: readonly ServerInterceptor[],
  captured: CapturedMethod,
  request: Request,
  peer: string,
  cb: (result: AdmitResult) => void,
  options: AdmitOptions = NO_OPTIONS,
): Admission {
  if (interceptors.length === 0) {
    cb(UNTOUCHED);
    return NOTHING_WAITS;
  }
  const passage = new Passage(captured, request, peer, cb, options);
  passage.start(interceptors);
  return passage;
}

/** One call between the wire and its handler. It stands where grpc-js has its driver for unary handlers. */
class Passage implements Admission {
  readonly #captured: CapturedMethod;
  readonly #request: Request;
  readonly #cb: (result: AdmitResult) => void;
  readonly #wire: WireCall;
  /** The outermost call, which the handler's side talks to. */
  #call: ServerInterceptingCallInterface;
  #metadata: Metadata | undefined;
  #message: unknown;
  #admitted = false;
  /** How the call ended on the wire. */
  #ended: Reply | undefined;
  #sent: ((outcome: Reply) => void) | undefined;

  constructor(
    captured: CapturedMethod,
    request: Request,
    peer: string,
    cb: (result: AdmitResult) => void,
    { origin, onFault, strays }: AdmitOptions,
  ) {
    this.#captured = captured;
    this.#request = request;
    this.#cb = cb;
    const onEnd = (outcome: Reply) => this.#onEnd(outcome);
    this.#wire = new WireCall({ captured, request, peer, origin, onFault, strays, onEnd });
    this.#call = this.#wire;
  }

  start(interceptors: readonly ServerInterceptor[]): void {
    this.#wire.guard(() => {
      for (const interceptor of interceptors) this.#call = interceptor(this.#captured.descriptor, this.#call);
      this.#call.start({
        onReceiveMetadata: (metadata) => this.#onMetadata(metadata),
        onReceiveMessage: (message) => this.#onMessage(message),
        onReceiveHalfClose: () => this.#onHalfClose(),
        onCancel() {},
      });
    });
  }

  cancel(): void {
    if (this.#admitted) this.#wire.notifyCancel();
    else this.#wire.stop();
  }

  #onMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    this.#call.startRead();
  }

  #onMessage(message: unknown): void {
    if (this.#message) {
      this.#call.sendStatus(secondRequest(this.#captured.path));
      return;
    }
    this.#message = message;
    this.#call.startRead();
  }

  #onHalfClose(): void {
    if (!this.#message) {
      this.#call.sendStatus(noRequest(this.#captured.path));
      return;
    }
    if (this.#admitted || this.#wire.over) return;
    const changed = this.#changedRequest();
    this.#admitted = true;
    this.#wire.handlerMayRun = true;
    const finish = (outcome: Reply, sent: (outcome: Reply) => void) => this.#finish(outcome, sent);
    const drop = () => this.#wire.stop();
    queueMicrotask(() => this.#cb({ kind: 'admitted', ...(changed !== undefined && { changed }), finish, drop }));
  }

  #changedRequest(): Request | undefined {
    const request = this.#request;
    const { path, requestSerialize: serialize, requestDeserialize: deserialize } = this.#captured;
    const before = request.metadata ?? NO_METADATA;
    const after = this.#metadata === undefined ? NO_METADATA : entriesOf(this.#metadata);
    const shown = this.#wire.request;
    const message =
      shown === undefined ? request.message : bytesPassedOn(shown, this.#message, { path, serialize, deserialize });
    const sameMetadata = sameEntries(before, after);
    if (sameMetadata && message === request.message) return undefined;
    return sameMetadata ? { ...request, message } : withMetadata(request, message, after);
  }

  #finish(outcome: Reply, sent: (outcome: Reply) => void): void {
    if (this.#wire.over) {
      // An interceptor ended the call while the handler ran; that end may not have been told yet.
      if (this.#ended !== undefined) sent(this.#ended);
      else this.#sent = sent;
      return;
    }
    this.#sent = sent;
    const { initialMetadata, message } = outcome;
    this.#wire.guard(() => {
      if (initialMetadata !== undefined && (initialMetadata.length > 0 || message === undefined)) {
        this.#call.sendMetadata(metadataOf(initialMetadata));
      }
      const status = statusOf(outcome);
      if (message === undefined) this.#call.sendStatus(status);
      else this.#call.sendMessage(this.#wire.showResponse(message), () => this.#call.sendStatus(status));
    });
  }

  #onEnd(outcome: Reply): void {
    this.#ended = outcome;
    if (this.#admitted) this.#sent?.(outcome);
    else this.#cb({ kind: 'ended', outcome });
  }
}

/** As in grpc-js, interceptors see `null` where a handler gave no trailers. */
const statusOf = (outcome: Reply): PartialStatus => ({
  code: outcome.code,
  details: outcome.details,
  metadata: outcome.trailers === undefined ? null : metadataOf(outcome.trailers),
});
