import { Duplex } from 'node:stream';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type StreamCallOwner, type StreamOrigin, withSending } from './writable-call.js';

/** What the receiving half of a call asks of its execution. */
export interface ReceivingOwner extends StreamCallOwner {
  /** The stream has room for one more message. */
  startRead(): void;
  /** Of the messages that were pushed, so many are still in the stream's buffer: the handler has taken the others. */
  buffered(count: number): void;
}

export interface DuplexOrigin extends StreamOrigin {
  readonly owner: ReceivingOwner;
}

/**
 * The call as handlers of client-streaming and of bidirectional methods see it; grpc-js has one object for both, too.
 * Messages are pushed one at a time, when the stream asks.
 */
export class DuplexCall extends withSending(Duplex) implements ServerDuplexStream<unknown, unknown> {
  readonly #owner: ReceivingOwner;

  constructor(origin: DuplexOrigin) {
    super(origin);
    this.#owner = origin.owner;
  }

  override _read(): void {
    this.#owner.startRead();
  }

  /** All that leaves the buffer leaves it here. What passes it by on its way to a listener is noticed at the next read. */
  override read(size?: number): unknown {
    const message = super.read(size);
    this.#owner.buffered(this.readableLength);
    return message;
  }
}
