/** The part of the innermost call object that is the same for all kinds of methods. */
import type { Metadata, ServerInterceptingCallInterface, ServerUnaryCall } from '@grpc/grpc-js';
import { type HandlerScope, handle, type UncaughtOrigin } from '@understudy/context';
import { UnderstudyError } from '@understudy/core';
import type { Request } from '@understudy/core/internal';
import { callMetadataOf, statusOfUnderstudyError } from '@understudy/grpc-common';
import type { CapturedMethod } from '../capture/captured.js';
import { NO_METRICS } from '../handlers/call-surface.js';
import type { HandlerFault } from '../handlers/handler-fault.js';
import { HANDLER_FAULT, type PartialStatus } from '../handlers/status.js';
import type { StrayErrors, Strayed } from '../handlers/stray-errors.js';
import { bytesPassedOn, type Codec, type Shown, show } from './passed-on.js';

type CallInterface = ServerInterceptingCallInterface;
export type Listener = Parameters<CallInterface['start']>[0];

export interface WireSurfaceOptions {
  readonly captured: CapturedMethod;
  /** The call's request, or the opening of a stream. */
  readonly request: Request;
  readonly peer: string;
  /** The RPC, if the call came as one, for properties that only an RPC has. */
  readonly origin: Pick<ServerUnaryCall<unknown, unknown>, 'getHost' | 'getAuthContext'> | undefined;
  readonly onFault: ((fault: HandlerFault) => void) | undefined;
  /** Takes errors that interceptors leave uncaught; undefined: the process gets them. */
  readonly strays: StrayErrors | undefined;
}

/** Tells interceptors about the call, and contains what they throw. */
export abstract class WireSurface implements CallInterface, HandlerScope, Strayed {
  readonly kind = 'interceptor';
  /** Interceptors run on the primary alone, and beside the order. */
  readonly orderNum = undefined;
  protected readonly surface: WireSurfaceOptions;
  protected listener: Listener | undefined;
  /**
   * Whether the call came through, so that its handler may run. A call that is ended after that may have taken effect.
   */
  handlerMayRun = false;
  #response: Shown | undefined;
  #cancelNotified = false;

  constructor(options: WireSurfaceOptions) {
    this.surface = options;
  }

  get method(): string {
    return this.surface.captured.path;
  }

  /** Whether the call is neither read nor written any more. */
  abstract get over(): boolean;
  abstract startRead(): void;
  abstract sendMetadata(metadata: Metadata): void;
  abstract sendMessage(message: unknown, callback: () => void): void;
  abstract sendStatus(status: PartialStatus): void;

  /** Makes the form in which interceptors see a message that the handler sent. */
  showResponse(bytes: Uint8Array): unknown {
    this.#response = show(bytes, this.surface.captured.responseDeserialize);
    return this.#response.message;
  }

  uncaught(error: unknown, origin: UncaughtOrigin): boolean {
    return this.surface.strays?.take(this, error, origin) === true;
  }

  fault(): void {
    this.sendStatus(HANDLER_FAULT);
  }

  /** Runs code that enters interceptors. If they throw, that ends the call. */
  guard(enter: () => void): void {
    try {
      handle(this, enter);
    } catch (error) {
      this.surface.onFault?.({ kind: 'interceptor', path: this.surface.captured.path, error });
      const mayHaveTakenEffect = this.handlerMayRun;
      this.sendStatus(
        error instanceof UnderstudyError ? statusOfUnderstudyError(error, { mayHaveTakenEffect }) : HANDLER_FAULT,
      );
    }
  }

  /** Tells interceptors that the caller is gone or the call has ended. */
  notifyCancel(): void {
    if (this.#cancelNotified) return;
    this.#cancelNotified = true;
    process.nextTick(() => this.guard(() => this.listener?.onCancel()));
  }

  start(listener: Listener): void {
    if (this.over) return;
    this.listener = listener;
    listener.onReceiveMetadata(callMetadataOf(this.surface.request.metadata));
  }

  /** Makes the form in which interceptors see a message of the client; undefined if it cannot be read. */
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
