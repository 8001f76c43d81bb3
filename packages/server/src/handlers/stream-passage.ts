import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import { ERROR_CODES } from '@understudy/core';
import type { MetadataEntries, Reply, Request, StreamItem } from '@understudy/core/internal';
import type { AdmitOptions } from './admission.js';
import type { CapturedStream } from './captured.js';
import { withMetadata } from './change.js';
import { entriesOf, NO_METADATA, sameEntries } from './metadata.js';
import { bytesPassedOn } from './passed-on.js';
import { ResponseHalf } from './response-half.js';
import { noRequest, type PartialStatus, secondRequest } from './status.js';
import { HALF_CLOSE, StreamWireCall } from './stream-wire-call.js';

/** All of them are called in microtasks of their own, in order, out of reach of any interceptor's `catch`. */
export interface PassageEvents {
  /** The opening came through; with what interceptors made of it, if anything. At most once. */
  opened(changed: Request | undefined): void;
  /** What is sent in place of an item of the handler's. */
  passed(index: number, item: StreamItem): void;
  /** Interceptors ended the call before its handler did, with this. Nothing follows. */
  ended(outcome: Reply): void;
}

export interface StreamPassageOptions extends AdmitOptions {
  readonly interceptors: readonly ServerInterceptor[];
  readonly captured: CapturedStream;
  /** With the one request where the method takes one. */
  readonly opening: Request;
  readonly peer: string;
  readonly events: PassageEvents;
}

/** A message of the client's on its way to the handler. */
interface Entering {
  readonly request: Request;
  readonly through: (changed: Request | undefined) => void;
}

/**
 * One streaming call between wire and handler, on the primary: stands where grpc-js has its drivers. Each message that
 * goes in comes out as one, since it has its place among what the other side counts. Interceptors that add messages of
 * their own end the call with UNDERSTUDY_UNSUPPORTED; one that keeps a message holds up what follows.
 */
export class StreamPassage {
  readonly #options: StreamPassageOptions;
  readonly #wire: StreamWireCall;
  readonly #response: ResponseHalf;
  /** The outermost call: what the handler's side talks to. */
  #call: ServerInterceptingCallInterface;
  #metadata: Metadata | undefined;
  /** Of a method that takes one: the request. */
  #message: unknown;
  #opened = false;
  #entering: Entering | undefined;
  #closed = false;

  constructor(options: StreamPassageOptions) {
    this.#options = options;
    const { captured, opening, peer, origin, onFault } = options;
    this.#response = new ResponseHalf({
      singleReply: captured.kind === 'clientStream',
      passed: (index, item) => this.#later(() => options.events.passed(index, item)),
      ended: (outcome) => this.#later(() => options.events.ended(outcome)),
      refuse: () => this.#wire.sendStatus(unsupported(captured.path)),
    });
    this.#wire = new StreamWireCall({ captured, request: opening, peer, origin, onFault }, this.#response);
    this.#call = this.#wire;
  }

  start(): void {
    const { interceptors, captured, opening } = this.#options;
    this.#wire.guard(() => {
      for (const interceptor of interceptors) this.#call = interceptor(captured.descriptor, this.#call);
      this.#call.start({
        onReceiveMetadata: (metadata) => this.#wire.guard(() => this.#onMetadata(metadata)),
        onReceiveMessage: (message) => this.#wire.guard(() => this.#onMessage(message)),
        onReceiveHalfClose: () => this.#wire.guard(() => this.#onHalfClose()),
        onCancel() {},
      });
    });
    if (captured.kind !== 'serverStream') return;
    this.#wire.feed(opening.message);
    this.#wire.feed(HALF_CLOSE);
  }

  /**
   * The client's next message or its half-close, one at a time.
   *
   * @param through it came through, with what interceptors made of it, if anything
   * @returns false if nothing comes through any more
   */
  receive(request: Request, through: (changed: Request | undefined) => void): boolean {
    if (this.#wire.deaf) return false;
    this.#entering = { request, through };
    this.#wire.feed(request.stream?.kind === 'message' ? request.message : HALF_CLOSE);
    this.#wire.guard(() => this.#call.startRead());
    return true;
  }

  /** The handler's next item. */
  send(index: number, item: StreamItem): void {
    this.#response.send(index, item);
  }

  /** Nobody waits for anything any more: interceptors get `onCancel`, and what they do from now on is ignored. */
  close(): void {
    this.#closed = true;
    this.#wire.stop();
  }

  #later(tell: () => void): void {
    queueMicrotask(() => {
      if (!this.#closed) tell();
    });
  }

  #onMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    if (this.#options.captured.kind === 'serverStream') this.#call.startRead();
    else this.#open();
  }

  #onMessage(passed: unknown): void {
    const { captured } = this.#options;
    if (captured.kind === 'serverStream') {
      if (this.#message) {
        this.#call.sendStatus(secondRequest(captured.path));
        return;
      }
      this.#message = passed;
      this.#call.startRead();
      return;
    }
    const entering = this.#entering;
    if (entering?.request.stream?.kind !== 'message') {
      this.#wire.sendStatus(unsupported(captured.path));
      return;
    }
    this.#entering = undefined;
    const { request, through } = entering;
    const message = this.#bytesOf(passed, request);
    this.#later(() => through(message === request.message ? undefined : { ...request, message }));
  }

  #onHalfClose(): void {
    const { captured } = this.#options;
    if (captured.kind === 'serverStream') {
      if (this.#message) this.#open();
      else this.#call.sendStatus(noRequest(captured.path));
      return;
    }
    const entering = this.#entering;
    if (entering?.request.stream?.kind !== 'end') return;
    this.#entering = undefined;
    this.#later(() => entering.through(undefined));
  }

  #open(): void {
    if (this.#opened || this.#wire.over) return;
    this.#opened = true;
    const changed = this.#changedOpening();
    this.#later(() => this.#options.events.opened(changed));
    this.#response.open(this.#call, this.#wire);
  }

  #changedOpening(): Request | undefined {
    const { opening, captured } = this.#options;
    const before: MetadataEntries = opening.metadata ?? NO_METADATA;
    const after = this.#metadata === undefined ? NO_METADATA : entriesOf(this.#metadata);
    const message = captured.kind === 'serverStream' ? this.#bytesOf(this.#message, opening) : opening.message;
    const sameMetadata = sameEntries(before, after);
    if (sameMetadata && message === opening.message) return undefined;
    return sameMetadata ? { ...opening, message } : withMetadata(opening, message, after);
  }

  #bytesOf(passed: unknown, request: Request): Uint8Array {
    const { path, requestSerialize: serialize, requestDeserialize: deserialize } = this.#options.captured;
    const shown = this.#wire.request;
    return shown === undefined ? request.message : bytesPassedOn(shown, passed, { path, serialize, deserialize });
  }
}

const unsupported = (path: string): PartialStatus => ({
  code: ERROR_CODES.UNDERSTUDY_UNSUPPORTED.status,
  details: `UNDERSTUDY_UNSUPPORTED: an interceptor added a message of its own to a stream of ${path}`,
});
