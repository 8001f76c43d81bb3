/** The call object nearest the wire when interceptors handle a stream. */
import type { Metadata } from '@grpc/grpc-js';
import type { MetadataEntries, Reply } from '@understudy/core/internal';
import { entriesOf, NO_METADATA } from '@understudy/grpc-common';
import { outcomeOf, type PartialStatus, REQUEST_UNREADABLE, RESPONSE_UNWRITABLE } from '../handlers/status.js';
import type { Shown } from './passed-on.js';
import { WireSurface, type WireSurfaceOptions } from './wire-surface.js';

/** Takes what interceptors send to the wire. */
export interface WireSink {
  onMetadata(entries: MetadataEntries): void;
  onMessage(bytes: Uint8Array): void;
  /** Called once and last. */
  onStatus(outcome: Reply): void;
}

/** The client's half-close, which waits in line with its messages. */
export const HALF_CLOSE = Symbol('half-close');
export type Received = Uint8Array | typeof HALF_CLOSE;

/** The innermost call of a streaming method: hands out messages as they are read, and passes on what is sent. */
export class StreamWireCall extends WireSurface {
  readonly #sink: WireSink;
  readonly #unread: Received[] = [];
  #reading = false;
  #metadataSent = false;
  #ended = false;
  #deaf = false;
  #request: Shown | undefined;

  constructor(options: WireSurfaceOptions, sink: WireSink) {
    super(options);
    this.#sink = sink;
  }

  /** The message that was handed out last. */
  get request(): Shown | undefined {
    return this.#request;
  }

  /** Whether the status was sent, or no caller waits for one. */
  get over(): boolean {
    return this.#ended;
  }

  /** Whether messages of the client are no longer handed out. */
  get deaf(): boolean {
    return this.#deaf;
  }

  /** Takes what the client sent. */
  feed(received: Received): void {
    this.#unread.push(received);
    this.#give();
  }

  /** Ends the call, for whatever reason. */
  stop(): void {
    this.#ended = true;
    this.#hangUp();
  }

  startRead(): void {
    if (this.#deaf) return;
    this.#reading = true;
    this.#give();
  }

  sendMetadata(metadata: Metadata): void {
    if (!this.#ended) this.#sendEntries(metadata ? entriesOf(metadata) : NO_METADATA);
  }

  #sendEntries(entries: MetadataEntries): void {
    if (this.#metadataSent) return;
    this.#metadataSent = true;
    this.#sink.onMetadata(entries);
  }

  sendMessage(message: unknown, callback: () => void): void {
    if (this.#ended) return;
    const bytes = this.responseBytes(message);
    if (bytes === undefined) {
      this.sendStatus(RESPONSE_UNWRITABLE);
      return;
    }
    this.#sendEntries(NO_METADATA);
    this.#sink.onMessage(bytes);
    queueMicrotask(() => this.guard(callback));
  }

  sendStatus(status: PartialStatus): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.onStatus(outcomeOf(status));
    // As in grpc-js, trailers after headers take a turn of the event loop, in which the client is still heard.
    if (this.#metadataSent) setImmediate(() => this.#hangUp());
    else this.#hangUp();
  }

  #hangUp(): void {
    if (this.#deaf) return;
    this.#deaf = true;
    this.#unread.length = 0;
    this.notifyCancel();
  }

  #give(): void {
    if (!this.#reading || this.#unread.length === 0) return;
    this.#reading = false;
    queueMicrotask(() => this.#push());
  }

  #push(): void {
    const { listener } = this;
    const received = this.#unread.shift();
    if (this.#deaf || listener === undefined || received === undefined) return;
    if (received === HALF_CLOSE) {
      this.guard(() => listener.onReceiveHalfClose());
      return;
    }
    const shown = this.showRequest(received);
    this.#request = shown;
    if (shown === undefined) this.sendStatus(REQUEST_UNREADABLE);
    else this.guard(() => listener.onReceiveMessage(shown.message));
  }
}
