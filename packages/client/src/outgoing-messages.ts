import { STREAM_WINDOW } from '@understudy/core/internal';
import type { OpenStream, StreamSession } from './open-stream.js';

interface Outgoing {
  readonly bytes: Uint8Array;
  /** To be called when there is room for the next one. */
  written: (() => void) | undefined;
}

/** What the application sends on a stream: given to the session one message at a time, in order, then the half-close. */
export class OutgoingMessages {
  readonly #stream: OpenStream;
  readonly #onWritten: (written: () => void) => void;
  #session: StreamSession | undefined;
  #waiting: Outgoing[] = [];
  /** Given to the session, which has no room for another yet. */
  #current: Outgoing | undefined;
  /** All that was given to a session that may still say that it sent nothing; undefined when it cannot. */
  #given: Outgoing[] | undefined = [];
  #ended = false;
  #endGiven = false;

  constructor(stream: OpenStream, onWritten: (written: () => void) => void) {
    this.#stream = stream;
    this.#onWritten = onWritten;
  }

  /** The application has half-closed. */
  get ended(): boolean {
    return this.#ended;
  }

  push(bytes: Uint8Array, written: (() => void) | undefined): void {
    this.#waiting.push({ bytes, written });
    this.#pump();
  }

  end(): void {
    this.#ended = true;
    this.#pump();
  }

  /** There is a session to send on. */
  open(session: StreamSession): void {
    this.#session = session;
    // Only who would wait for a connection opens a stream twice.
    if (!this.#stream.waitForReady) this.#given = undefined;
    this.#pump();
  }

  onWritable(): void {
    const done = this.#current;
    if (done === undefined) return;
    this.#current = undefined;
    this.#report(done);
    this.#pump();
  }

  /** The server was heard: what was given to the session is its affair. */
  forgetGiven(): void {
    this.#given = undefined;
  }

  get rewindable(): boolean {
    return this.#given !== undefined;
  }

  /** Goes back to the first message, for another session. */
  rewind(): void {
    if (this.#given === undefined) return;
    this.#waiting = [...this.#given, ...this.#waiting];
    this.#given = [];
    this.#session = undefined;
    this.#current = undefined;
    this.#endGiven = false;
  }

  /** Nothing more is sent; whoever waits to write goes on, into the void, as in grpc-js. */
  close(): void {
    this.#session = undefined;
    this.#given = undefined;
    const unfinished = this.#current === undefined ? this.#waiting : [this.#current, ...this.#waiting];
    this.#current = undefined;
    this.#waiting = [];
    for (const each of unfinished) this.#report(each);
  }

  #pump(): void {
    if (this.#session === undefined || this.#current !== undefined) return;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#current = next;
      this.#keep(next);
      this.#session.sendMessage(this.#stream, next.bytes);
    } else if (this.#ended && !this.#endGiven) {
      this.#endGiven = true;
      this.#session.halfClose(this.#stream);
    }
  }

  /** A session that took more than a window's worth has sent some of it. */
  #keep(message: Outgoing): void {
    if (this.#given === undefined) return;
    if (this.#given.length > STREAM_WINDOW) this.#given = undefined;
    else this.#given.push(message);
  }

  #report(message: Outgoing): void {
    const { written } = message;
    message.written = undefined;
    if (written !== undefined) this.#onWritten(written);
  }
}
