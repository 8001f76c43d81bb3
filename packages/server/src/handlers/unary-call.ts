import { EventEmitter } from 'node:events';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import type { Request } from '@understudy/core';
import { metadataOf } from './metadata.js';

type MetricsRecorder = ReturnType<ServerUnaryCall<unknown, unknown>['getMetricsRecorder']>;

/**
 * Takes per-request metrics and keeps none: a replicated reply cannot carry what one replica measured. Cast because
 * grpc-js does not export the class, whose private member makes its type nominal.
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

/** What a call object passes on to the execution it belongs to. */
export interface UnaryCallOwner {
  sendMetadata(metadata: Metadata): void;
  /** The handler emitted `error`, which ends a call of grpc-js like its callback does. */
  fail(error: unknown): void;
}

/**
 * The call as a handler sees it: the same on every replica. So nothing of it tells about one replica's connection:
 * `cancelled` stays false, the host is empty and the auth context too (authenticate in an interceptor, which can put
 * what it found into the metadata).
 */
export class ReplicatedUnaryCall extends EventEmitter implements ServerUnaryCall<unknown, unknown> {
  cancelled = false;
  readonly request: unknown;
  readonly #origin: Request;
  readonly #peer: string;
  readonly #owner: UnaryCallOwner;
  #metadata: Metadata | undefined;

  constructor(origin: Request, message: unknown, peer: string, owner: UnaryCallOwner) {
    super();
    this.request = message;
    this.#origin = origin;
    this.#peer = peer;
    this.#owner = owner;
  }

  /** Made when first asked for; many handlers never ask. */
  get metadata(): Metadata {
    this.#metadata ??= metadataOf(this.#origin.metadata);
    return this.#metadata;
  }

  getPeer(): string {
    return this.#peer;
  }

  /** Milliseconds since the Unix epoch, or Infinity: what grpc-js gives on a server, never a Date. */
  getDeadline(): number {
    return this.#origin.deadlineMs ?? Number.POSITIVE_INFINITY;
  }

  getPath(): string {
    return this.#origin.method;
  }

  getHost(): string {
    return '';
  }

  getAuthContext(): ReturnType<ServerUnaryCall<unknown, unknown>['getAuthContext']> {
    return {};
  }

  getMetricsRecorder(): MetricsRecorder {
    return NO_METRICS;
  }

  sendMetadata(metadata: Metadata): void {
    this.#owner.sendMetadata(metadata);
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event !== 'error') return super.emit(event, ...args);
    this.#owner.fail(args[0]);
    // An `error` without listeners throws in an EventEmitter, but not in the call objects of grpc-js.
    return this.listenerCount('error') > 0 ? super.emit(event, ...args) : true;
  }
}
