/** A stream between the wire and its handler: the user's interceptors. */
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import type { MetadataEntries, Reply, Request, StreamItem } from '@understudy/core/internal';
import { entriesOf, errorStatus, NO_METADATA, sameEntries } from '@understudy/grpc-common';
import type { CapturedStream } from '../capture/captured.js';
import { noRequest, secondRequest } from '../handlers/status.js';
import type { AdmitOptions } from './admission.js';
import { withMetadata } from './change.js';
import { bytesPassedOn } from './passed-on.js';
import { ResponseHalf } from './response-half.js';
import { HALF_CLOSE, StreamWireCall } from './stream-wire-call.js';

/**
 * The news that a passage has for its replica. Each function is called in a microtask of its own, in order, out of
 * reach of any interceptor's `catch`.
 */
export interface PassageEvents {
  /**
   * Called at most once, when the opening came through: with what interceptors made of it, or undefined if they changed
   * nothing.
   */
  opened(changed: Request | undefined): void;
  /** Called with what is sent in place of the handler's item at `index`. */
  passed(index: number, item: StreamItem): void;
  /** Called last, when interceptors have ended the call before its handler did. */
  ended(outcome: Reply): void;
}

export interface StreamPassageOptions extends AdmitOptions {
  readonly interceptors: readonly ServerInterceptor[];
  readonly captured: CapturedStream;
  /** The request that opened the stream. It has the one message if the method takes only one. */
  readonly opening: Request;
  readonly peer: string;
  readonly events: PassageEvents;
}

/** A message of the client on its way to the handler. */
interface Entering {
  readonly request: Request;
  readonly through: (changed: Request | undefined) => void;
}

/**
 * One stream between the wire and its handler, on the primary. It stands where grpc-js has its drivers. Each message
 * that goes in comes out as exactly one, because the other side counts messages. An interceptor that adds messages of
 * its own ends the call with UNDERSTUDY_UNSUPPORTED; one that keeps a message holds up what follows it.
 */
export class StreamPassage {
  readonly #options: StreamPassageOptions;
  readonly #wire: StreamWireCall;
  readonly #response: ResponseHalf;
  /** The outermost call, which the handler's side talks to. */
  #call: ServerInterceptingCallInterface;
  #metadata: Metadata | undefined;
  /** The request of a method that takes only one. */
  #message: unknown;
  #opened = false;
  #entering: Entering | undefined;
  #closed = false;

  constructor(options: StreamPassageOptions) {
    this.#options = options;
    const { captured, opening, peer, origin, onFault, strays } = options;
    this.#response = new ResponseHalf({
      singleReply: captured.kind === 'clientStream',
      passed: (index, item) => this.#later(() => options.events.passed(index, item)),
      ended: (outcome) => this.#later(() => options.events.ended(outcome)),
      refuse: () => this.#refuse(),
    });
    this.#wire = new StreamWireCall({ captured, request: opening, peer, origin, onFault, strays }, this.#response);
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
   * Takes the client's next message or its half-close, one at a time.
   *
   * @param through called when it came through: with what interceptors made of it, or undefined if they changed nothing
   * @returns false if nothing comes through any more
   */
  receive(request: Request, through: (changed: Request | undefined) => void): boolean {
    if (this.#wire.deaf) return false;
    this.#entering = { request, through };
    this.#wire.feed(request.stream?.kind === 'message' ? request.message : HALF_CLOSE);
    this.#wire.guard(() => this.#call.startRead());
    return true;
  }

  /** Takes the handler's next item. */
  send(index: number, item: StreamItem): void {
    this.#response.send(index, item);
  }

  /**
   * Ends the stream for its interceptors, because no caller waits for it any more. They get `onCancel`, and their later
   * actions are ignored.
   */
  close(): void {
    this.#closed = true;
    this.#wire.stop();
  }

  #refuse(): void {
    const reason = `an interceptor added a message of its own to a stream of ${this.#options.captured.path}; let each message come out as one`;
    const mayHaveTakenEffect = this.#opened;
    this.#wire.sendStatus(errorStatus('UNDERSTUDY_UNSUPPORTED', reason, { mayHaveTakenEffect }));
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
      this.#refuse();
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
    this.#wire.handlerMayRun = true;
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
