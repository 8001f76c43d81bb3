import type { Metadata, ServerInterceptingCallInterface, ServerUnaryCall } from '@grpc/grpc-js';
import { type MetadataEntries, type Outcome, type Request, UnderstudyError } from '@understudy/core';
import { NO_METRICS } from './call-surface.js';
import type { CapturedMethod } from './captured.js';
import type { HandlerFault } from './handler-fault.js';
import { entriesOf, metadataOf, NO_METADATA } from './metadata.js';
import { bytesPassedOn, type Shown, show } from './passed-on.js';
import { HANDLER_FAULT, outcomeOf, type PartialStatus, REQUEST_UNREADABLE, RESPONSE_UNWRITABLE } from './status.js';

type CallInterface = ServerInterceptingCallInterface;
type Listener = Parameters<CallInterface['start']>[0];

export interface WireCallOptions {
  readonly captured: CapturedMethod;
  readonly request: Request;
  readonly peer: string;
  /** The RPC, if the call came as one: what only it can tell. */
  readonly origin: Pick<ServerUnaryCall<unknown, unknown>, 'getHost' | 'getAuthContext'> | undefined;
  readonly onFault: ((fault: HandlerFault) => void) | undefined;
  /** The call ended. Called in a microtask of its own, out of reach of any interceptor's `catch`. */
  readonly onEnd: (outcome: Outcome) => void;
}

/**
 * The innermost call, where grpc-js has the HTTP/2 stream: gives the request out as it is read, and gathers what is
 * sent. Like the original it delivers reads asynchronously, ignores what comes after the status, and fires `onCancel`
 * once after every end.
 */
export class WireCall implements CallInterface {
  readonly #options: WireCallOptions;
  #listener: Listener | undefined;
  #reading = false;
  #unread: 'message' | 'halfClose' | 'nothing' = 'message';
  #request: Shown | undefined;
  #response: Shown | undefined;
  #initialMetadata: MetadataEntries | undefined;
  #message: Uint8Array | undefined;
  #over = false;
  #cancelNotified = false;

  constructor(options: WireCallOptions) {
    this.#options = options;
  }

  /** The request as it was given out; undefined before it was. */
  get request(): Shown | undefined {
    return this.#request;
  }

  /** The status was sent, or nobody waits for one. */
  get over(): boolean {
    return this.#over;
  }

  /** The handler's reply, for interceptors to see. */
  showResponse(bytes: Uint8Array): unknown {
    this.#response = show(bytes, this.#options.captured.responseDeserialize);
    return this.#response.message;
  }

  /** Runs what enters interceptors; what they throw ends the call. */
  guard(enter: () => void): void {
    try {
      enter();
    } catch (error) {
      this.#options.onFault?.({ kind: 'interceptor', path: this.#options.captured.path, error });
      const ours = error instanceof UnderstudyError ? error : undefined;
      this.sendStatus(ours === undefined ? HANDLER_FAULT : { code: ours.status, details: ours.message });
    }
  }

  /** Nobody reads the request any more. */
  stop(): void {
    this.#over = true;
    this.notifyCancel();
  }

  /** The caller is gone. What is sent is still gathered, for the reply cache. */
  notifyCancel(): void {
    if (this.#cancelNotified) return;
    this.#cancelNotified = true;
    process.nextTick(() => this.#listener?.onCancel());
  }

  start(listener: Listener): void {
    if (this.#over) return;
    this.#listener = listener;
    listener.onReceiveMetadata(metadataOf(this.#options.request.metadata));
  }

  startRead(): void {
    if (this.#over || this.#reading) return;
    this.#reading = true;
    queueMicrotask(() => this.#push());
  }

  #push(): void {
    this.#reading = false;
    const listener = this.#listener;
    if (this.#over || listener === undefined) return;
    if (this.#unread === 'message') {
      this.#unread = 'halfClose';
      const shown = this.#readRequest();
      if (shown === undefined) this.sendStatus(REQUEST_UNREADABLE);
      else this.guard(() => listener.onReceiveMessage(shown.message));
    } else if (this.#unread === 'halfClose') {
      this.#unread = 'nothing';
      this.guard(() => listener.onReceiveHalfClose());
    }
  }

  #readRequest(): Shown | undefined {
    try {
      this.#request = show(this.#options.request.message, this.#options.captured.requestDeserialize);
    } catch {
      return undefined;
    }
    return this.#request;
  }

  sendMetadata(metadata: Metadata): void {
    if (this.#over || this.#initialMetadata !== undefined) return;
    this.#initialMetadata = metadata ? entriesOf(metadata) : NO_METADATA;
  }

  sendMessage(message: unknown, callback: () => void): void {
    if (this.#over) return;
    const bytes = this.#bytesOf(message);
    if (bytes === undefined) {
      this.sendStatus(RESPONSE_UNWRITABLE);
      return;
    }
    this.#initialMetadata ??= NO_METADATA;
    this.#message ??= bytes;
    queueMicrotask(() => this.guard(callback));
  }

  #bytesOf(message: unknown): Uint8Array | undefined {
    const { path, responseSerialize, responseDeserialize } = this.#options.captured;
    // An interceptor that answers by itself was shown no response.
    const shown = this.#response ?? { bytes: NO_BYTES, message: undefined };
    const deserialize = this.#response === undefined ? undefined : responseDeserialize;
    try {
      return bytesPassedOn(shown, message, { path, serialize: responseSerialize, deserialize });
    } catch {
      return undefined;
    }
  }

  sendStatus(status: PartialStatus): void {
    if (this.#over) return;
    this.#over = true;
    const outcome = outcomeOf(status, this.#initialMetadata);
    // A client that gets another status than OK has no use for a message.
    const complete =
      outcome.code === 0 && this.#message !== undefined ? { ...outcome, message: this.#message } : outcome;
    queueMicrotask(() => this.#options.onEnd(complete));
    this.notifyCancel();
  }

  getPeer(): string {
    return this.#options.peer;
  }

  getDeadline(): number {
    return this.#options.request.deadlineMs ?? Number.POSITIVE_INFINITY;
  }

  getHost(): string {
    return this.#options.origin?.getHost() ?? '';
  }

  getAuthContext(): ReturnType<CallInterface['getAuthContext']> {
    return this.#options.origin?.getAuthContext() ?? {};
  }

  getConnectionInfo(): ReturnType<CallInterface['getConnectionInfo']> {
    const { peer } = this.#options;
    const colon = peer.lastIndexOf(':');
    if (colon < 0) return { remoteAddress: peer };
    return { remoteAddress: peer.slice(0, colon), remotePort: Number(peer.slice(colon + 1)) };
  }

  getMetricsRecorder(): ReturnType<CallInterface['getMetricsRecorder']> {
    return NO_METRICS;
  }
}

const NO_BYTES = new Uint8Array(0);
