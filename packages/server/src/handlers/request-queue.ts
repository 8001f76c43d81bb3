/** The messages of a client on their way to the handler of its stream. */
import { STREAM_CREDIT_AT, STREAM_CREDIT_AT_BYTES } from '@understudy/core/internal';

/** Takes a client's messages when the handler's node stream asks for them. */
export interface RequestSink {
  onMessage(bytes: Uint8Array): void;
  onEnd(): void;
  /** Lets the client send more: the handler has taken its messages up to this position. */
  onWindow(upTo: number): void;
}

/**
 * Holds the messages that a client sent until the handler takes them. The queue has no bound of its own, because its
 * caller keeps clients to their window.
 */
export class RequestQueue {
  readonly #sink: RequestSink;
  readonly #unread: Uint8Array[] = [];
  /** The client's half-close: it has not come, it waits for its turn, or it was handed out. */
  #end: 'open' | 'waits' | 'given' = 'open';
  #reading = false;
  /** The sizes of the messages that were handed out and not taken, in bytes. */
  readonly #given: number[] = [];
  #taken = 0;
  #takenBytes = 0;
  /** How many taken messages the client was told of. */
  #told = 0;
  #toldBytes = 0;

  constructor(sink: RequestSink) {
    this.#sink = sink;
  }

  message(bytes: Uint8Array): void {
    this.#unread.push(bytes);
    this.#give();
  }

  end(): void {
    this.#end = 'waits';
    this.#give();
  }

  startRead(): void {
    this.#reading = true;
    this.#give();
  }

  /** Counts all messages that were handed out, except the last `count`, as taken. */
  buffered(count: number): void {
    while (this.#given.length > count) {
      this.#taken++;
      this.#takenBytes += this.#given.shift() ?? 0;
    }
    const messages = this.#taken - this.#told;
    if (messages < STREAM_CREDIT_AT && this.#takenBytes - this.#toldBytes < STREAM_CREDIT_AT_BYTES) return;
    this.#told = this.#taken;
    this.#toldBytes = this.#takenBytes;
    this.#sink.onWindow(this.#taken);
  }

  #give(): void {
    if (!this.#reading) return;
    const bytes = this.#unread.shift();
    if (bytes !== undefined) {
      this.#reading = false;
      this.#given.push(bytes.length);
      this.#sink.onMessage(bytes);
    } else if (this.#end === 'waits') {
      this.#reading = false;
      this.#end = 'given';
      this.#sink.onEnd();
    }
  }
}
