import { EventEmitter } from 'node:events';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import type { Request } from '@understudy/core/internal';
import { withCallSurface } from './call-surface.js';

/** What a call object passes on to the execution it belongs to. */
export interface UnaryCallOwner {
  sendMetadata(metadata: Metadata): void;
  /** The handler emitted `error`, which ends a call of grpc-js like its callback does. */
  fail(error: unknown): void;
}

const Call = withCallSurface(EventEmitter);

/** The call as a unary handler sees it. `cancelled` stays false. */
export class ReplicatedUnaryCall extends Call implements ServerUnaryCall<unknown, unknown> {
  readonly request: unknown;
  readonly #owner: UnaryCallOwner;

  constructor(origin: Request, message: unknown, peer: string, owner: UnaryCallOwner) {
    super({ request: origin, peer, owner });
    this.request = message;
    this.#owner = owner;
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event !== 'error') return super.emit(event, ...args);
    this.#owner.fail(args[0]);
    // An `error` without listeners throws in an EventEmitter, but not in the call objects of grpc-js.
    return this.listenerCount('error') > 0 ? super.emit(event, ...args) : true;
  }
}
