import { STREAM_CREDIT_AT, STREAM_CREDIT_AT_BYTES } from '@understudy/core/internal';

/** Where messages of the client go when the handler's stream asks for them. */
export interface RequestSink {
  onMessage(bytes: Uint8Array): void;
  onEnd(): void;
  /** The client may send more: the handler has taken its messages up to this position. */
  onWindow(upTo: number): void;
}

/** What a client sent and its handler did not take yet; whoever gives it messages sees that the client keeps its window. */
export class RequestQueue {
  readonly #sink: RequestSink;
  readonly #unread: Uint8Array[] = [];
  /** The client's half-close: not there yet, waiting for its turn, or handed out. */
  #end: 'open' | 'waits' | 'given' = 'open';
  #reading = false;
  /** Bytes of the messages that were handed out and not taken. */
  readonly #given: number[] = [];
  #taken = 0;
  #takenBytes = 0;
  /** The client knows of so many. */
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

  /** All but the last `count` messages that were handed out have been taken. */
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
