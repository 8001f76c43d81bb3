/** The call object of unary methods. */
import { EventEmitter } from 'node:events';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import type { Request } from '@understudy/core/internal';
import { withCallSurface } from './call-surface.js';

/** The execution that a call object belongs to, as far as the call object uses it. */
export interface UnaryCallOwner {
  sendMetadata(metadata: Metadata): void;
  /** Takes an `error` that the handler emitted, which in grpc-js ends a call as an error given to the callback does. */
  fail(error: unknown): void;
}

const Call = withCallSurface(EventEmitter);

/** The call as a unary handler sees it. `cancelled` stays false, unless the handler waits for others. */
export class ReplicatedUnaryCall extends Call implements ServerUnaryCall<unknown, unknown> {
  readonly request: unknown;
  readonly #owner: UnaryCallOwner;

  constructor(origin: Request, message: unknown, peer: string, owner: UnaryCallOwner) {
    super({ request: origin, peer, owner });
    this.request = message;
    this.#owner = owner;
  }

  /** Tells the handler that its caller has given up, as grpc-js does. */
  cancel(): void {
    this.cancelled = true;
    super.emit('cancelled', 'cancelled');
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event !== 'error') return super.emit(event, ...args);
    this.#owner.fail(args[0]);
    // Without listeners an `error` makes an EventEmitter throw, but not a call object of grpc-js.
    return this.listenerCount('error') > 0 ? super.emit(event, ...args) : true;
  }
}
