/** The properties and methods that call objects of every kind show to handlers. */
import type { EventEmitter } from 'node:events';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import type { Request } from '@understudy/core/internal';
import { callMetadataOf } from '@understudy/grpc-common';

type UnaryCall = ServerUnaryCall<unknown, unknown>;
type MetricsRecorder = ReturnType<UnaryCall['getMetricsRecorder']>;

/**
 * Accepts per-request metrics and keeps none, because a replicated reply cannot carry what one replica measured. The
 * cast is needed because grpc-js does not export the class, whose private member makes its type nominal.
 */
export const NO_METRICS = Object.freeze({
  recordRequestCostMetric() {},
  recordUtilizationMetric() {},
  recordNamedMetric() {},
  recordCPUUtilizationMetric() {},
  recordMemoryUtilizationMetric() {},
  recordApplicationUtilizationMetric() {},
  recordQpsMetric() {},
  recordEpsMetric() {},
  serialize: () => Buffer.alloc(0),
}) as unknown as MetricsRecorder;

/** The source of what a call object shows, and the receiver of what the handler does with it. */
export interface CallOrigin {
  readonly request: Request;
  /** The connection's peer as the primary saw it. */
  readonly peer: string;
  readonly owner: { sendMetadata(metadata: Metadata): void };
}

/** The methods of grpc-js's call objects that do not depend on the kind of method. */
export interface CallSurface {
  cancelled: boolean;
  readonly metadata: Metadata;
  getPeer(): string;
  getDeadline(): number;
  getPath(): string;
  getHost(): string;
  getAuthContext(): ReturnType<UnaryCall['getAuthContext']>;
  getMetricsRecorder(): MetricsRecorder;
  sendMetadata(metadata: Metadata): void;
}

// biome-ignore lint/suspicious/noExplicitAny: what TypeScript wants of the base of a mixin
export type Constructor<T> = new (...args: any[]) => T;

/**
 * Makes `Base` a call that a handler sees the same on every replica. So nothing of the call belongs to one replica's
 * connection: the host and the auth context are empty. (To authenticate, use an interceptor; it can put what it finds
 * into the metadata.)
 *
 * @returns a class whose constructor takes the origin, and then what `Base` takes
 */
export function withCallSurface<B extends Constructor<EventEmitter>>(
  Base: B,
): Constructor<InstanceType<B> & CallSurface> {
  class SurfacedCall extends Base implements CallSurface {
    cancelled = false;
    readonly #origin: CallOrigin;
    #metadata: Metadata | undefined;

    // biome-ignore lint/suspicious/noExplicitAny: what TypeScript wants of a mixin
    constructor(...args: any[]) {
      const [origin, ...rest] = args;
      super(...rest);
      this.#origin = origin;
    }

    /** Made when first asked for, because many handlers never ask. */
    get metadata(): Metadata {
      this.#metadata ??= callMetadataOf(this.#origin.request.metadata);
      return this.#metadata;
    }

    getPeer(): string {
      return this.#origin.peer;
    }

    /** Milliseconds since the Unix epoch, or Infinity. As on a grpc-js server, never a Date. */
    getDeadline(): number {
      return this.#origin.request.deadlineMs ?? Number.POSITIVE_INFINITY;
    }

    getPath(): string {
      return this.#origin.request.method;
    }

    getHost(): string {
      return '';
    }

    getAuthContext(): ReturnType<UnaryCall['getAuthContext']> {
      return {};
    }

    getMetricsRecorder(): MetricsRecorder {
      return NO_METRICS;
    }

    sendMetadata(metadata: Metadata): void {
      this.#origin.owner.sendMetadata(metadata);
    }
  }
  return SurfacedCall as unknown as Constructor<InstanceType<B> & CallSurface>;
}
