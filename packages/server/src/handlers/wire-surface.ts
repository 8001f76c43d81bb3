import type { Metadata, ServerInterceptingCallInterface, ServerUnaryCall } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import type { Request } from '@understudy/core/internal';
import { NO_METRICS } from './call-surface.js';
import type { CapturedMethod } from './captured.js';
import type { HandlerFault } from './handler-fault.js';
import { metadataOf } from './metadata.js';
import { bytesPassedOn, type Codec, type Shown, show } from './passed-on.js';
import { HANDLER_FAULT, type PartialStatus } from './status.js';

type CallInterface = ServerInterceptingCallInterface;
export type Listener = Parameters<CallInterface['start']>[0];

export interface WireSurfaceOptions {
  readonly captured: CapturedMethod;
  /** The call, or what opened it. */
  readonly request: Request;
  readonly peer: string;
  /** The RPC, if the call came as one: what only it can tell. */
  readonly origin: Pick<ServerUnaryCall<unknown, unknown>, 'getHost' | 'getAuthContext'> | undefined;
  readonly onFault: ((fault: HandlerFault) => void) | undefined;
}

/** What the innermost call tells interceptors, and how it holds out against them, whatever the method's kind. */
export abstract class WireSurface implements CallInterface {
  protected readonly surface: WireSurfaceOptions;
  protected listener: Listener | undefined;
  #response: Shown | undefined;
  #cancelNotified = false;

  constructor(options: WireSurfaceOptions) {
    this.surface = options;
  }

  /** Nobody reads or sends any more. */
  abstract get over(): boolean;
  abstract startRead(): void;
  abstract sendMetadata(metadata: Metadata): void;
  abstract sendMessage(message: unknown, callback: () => void): void;
  abstract sendStatus(status: PartialStatus): void;

  /** What the handler sent, for interceptors to see. */
  showResponse(bytes: Uint8Array): unknown {
    this.#response = show(bytes, this.surface.captured.responseDeserialize);
    return this.#response.message;
  }

  /** Runs what enters interceptors; what they throw ends the call. */
  guard(enter: () => void): void {
    try {
      enter();
    } catch (error) {
      this.surface.onFault?.({ kind: 'interceptor', path: this.surface.captured.path, error });
      const ours = error instanceof UnderstudyError ? error : undefined;
      this.sendStatus(ours === undefined ? HANDLER_FAULT : { code: ours.status, details: ours.message });
    }
  }

  /** The caller is gone, or the call has ended. */
  notifyCancel(): void {
    if (this.#cancelNotified) return;
    this.#cancelNotified = true;
    process.nextTick(() => this.listener?.onCancel());
  }

  start(listener: Listener): void {
    if (this.over) return;
    this.listener = listener;
    listener.onReceiveMetadata(metadataOf(this.surface.request.metadata));
  }

  /** A message of the client's as interceptors see it; undefined if it cannot be read. */
  protected showRequest(bytes: Uint8Array): Shown | undefined {
    try {
      return show(bytes, this.surface.captured.requestDeserialize);
    } catch {
      return undefined;
    }
  }

  /** The bytes of what interceptors send; undefined if there are none. */
  protected responseBytes(message: unknown): Uint8Array | undefined {
    const { path, responseSerialize, responseDeserialize } = this.surface.captured;
    // An interceptor that answers by itself was shown no response.
    const shown = this.#response ?? { bytes: NO_BYTES, message: undefined };
    const deserialize = this.#response === undefined ? undefined : responseDeserialize;
    const codec: Codec = { path, serialize: responseSerialize, deserialize };
    try {
      return bytesPassedOn(shown, message, codec);
    } catch {
      return undefined;
    }
  }

  getPeer(): string {
    return this.surface.peer;
  }

  getDeadline(): number {
    return this.surface.request.deadlineMs ?? Number.POSITIVE_INFINITY;
  }

  getHost(): string {
    return this.surface.origin?.getHost() ?? '';
  }

  getAuthContext(): ReturnType<CallInterface['getAuthContext']> {
    return this.surface.origin?.getAuthContext() ?? {};
  }

  getConnectionInfo(): ReturnType<CallInterface['getConnectionInfo']> {
    const { peer } = this.surface;
    const colon = peer.lastIndexOf(':');
    if (colon < 0) return { remoteAddress: peer };
    return { remoteAddress: peer.slice(0, colon), remotePort: Number(peer.slice(colon + 1)) };
  }

  getMetricsRecorder(): ReturnType<CallInterface['getMetricsRecorder']> {
    return NO_METRICS;
  }
}

const NO_BYTES = new Uint8Array(0);
