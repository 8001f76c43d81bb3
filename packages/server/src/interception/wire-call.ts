/** The call object nearest the wire when interceptors handle a unary call. */
import type { Metadata } from '@grpc/grpc-js';
import type { MetadataEntries, Reply } from '@understudy/core/internal';
import { entriesOf, NO_METADATA } from '@understudy/grpc-common';
import { outcomeOf, type PartialStatus, REQUEST_UNREADABLE, RESPONSE_UNWRITABLE } from '../handlers/status.js';
import type { Shown } from './passed-on.js';
import { WireSurface, type WireSurfaceOptions } from './wire-surface.js';

export interface WireCallOptions extends WireSurfaceOptions {
  /** Called when the call has ended, in a microtask of its own, out of reach of any interceptor's `catch`. */
  readonly onEnd: (outcome: Reply) => void;
}

/**
 * The innermost call of a unary method, where grpc-js has the HTTP/2 stream: hands out the request as it is read, and
 * gathers what is sent. Like the original it delivers reads asynchronously, ignores what comes after the status, and
 * calls `onCancel` once after every end.
 */
export class WireCall extends WireSurface {
  readonly #onEnd: (outcome: Reply) => void;
  #reading = false;
  #unread: 'message' | 'halfClose' | 'nothing' = 'message';
  #request: Shown | undefined;
  #initialMetadata: MetadataEntries | undefined;
  #message: Uint8Array | undefined;
  #over = false;

  constructor(options: WireCallOptions) {
    super(options);
    this.#onEnd = options.onEnd;
  }

  /** The request as it was handed out; undefined before. */
  get request(): Shown | undefined {
    return this.#request;
  }

  /** Whether the status was sent, or no caller waits for one. */
  get over(): boolean {
    return this.#over;
  }

  /** Ends the call, because its request is no longer read. */
  stop(): void {
    this.#over = true;
    this.notifyCancel();
  }

  startRead(): void {
    if (this.#over || this.#reading) return;
    this.#reading = true;
    queueMicrotask(() => this.#push());
  }

  #push(): void {
    this.#reading = false;
    const { listener } = this;
    if (this.#over || listener === undefined) return;
    if (this.#unread === 'message') {
      this.#unread = 'halfClose';
      const shown = this.showRequest(this.surface.request.message);
      this.#request = shown;
      if (shown === undefined) this.sendStatus(REQUEST_UNREADABLE);
      else this.guard(() => listener.onReceiveMessage(shown.message));
    } else if (this.#unread === 'halfClose') {
      this.#unread = 'nothing';
      this.guard(() => listener.onReceiveHalfClose());
    }
  }

  sendMetadata(metadata: Metadata): void {
    if (this.#over || this.#initialMetadata !== undefined) return;
    this.#initialMetadata = metadata ? entriesOf(metadata) : NO_METADATA;
  }

  sendMessage(message: unknown, callback: () => void): void {
    if (this.#over) return;
    const bytes = this.responseBytes(message);
    if (bytes === undefined) {
      this.sendStatus(RESPONSE_UNWRITABLE);
      return;
    }
    this.#initialMetadata ??= NO_METADATA;
    this.#message ??= bytes;
    queueMicrotask(() => this.guard(callback));
  }

  sendStatus(status: PartialStatus): void {
    if (this.#over) return;
    this.#over = true;
    const outcome = outcomeOf(status, this.#initialMetadata);
    // A client that gets another status than OK has no use for a message.
    const complete =
      outcome.code === 0 && this.#message !== undefined ? { ...outcome, message: this.#message } : outcome;
    queueMicrotask(() => this.#onEnd(complete));
    this.notifyCancel();
  }
}
