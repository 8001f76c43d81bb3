/** The call object of methods whose clients send several messages. */
import { Duplex } from 'node:stream';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type StreamCallOwner, type StreamOrigin, withSending } from './writable-call.js';

/** The execution of a call, as far as the receiving half of its call object uses it. */
export interface ReceivingOwner extends StreamCallOwner {
  /** Says that the node stream has room for one more message. */
  startRead(): void;
  /**
   * Says that `count` of the pushed messages are still in the node stream's buffer; the handler has taken the others.
   */
  buffered(count: number): void;
}

export interface DuplexOrigin extends StreamOrigin {
  readonly owner: ReceivingOwner;
}

/**
 * The call as the handlers of client-streaming and of bidirectional methods see it; grpc-js, too, has one object for
 * both. A message is pushed when the node stream asks for one.
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

  /**
   * Every message that leaves the buffer leaves it here. One that goes straight to a listener is noticed at the next
   * read.
   */
  override read(size?: number): unknown {
    const message = super.read(size);
    this.#owner.buffered(this.readableLength);
    return message;
  }
}
