/** The messages that the application sends on a stream, until the session takes them. */
import { STREAM_WINDOW } from '@understudy/core/internal';
import type { OpenStream, StreamSession } from '../session/open-stream.js';

interface Outgoing {
  readonly bytes: Uint8Array;
  /** Called when there is room for the next message. */
  written: (() => void) | undefined;
}

/** Gives the session what the application sends on a stream: one message at a time, in order, then the half-close. */
export class OutgoingMessages {
  readonly #stream: OpenStream;
  readonly #onWritten: (written: () => void) => void;
  #session: StreamSession | undefined;
  #waiting: Outgoing[] = [];
  /** The message that was given to the session last, while the session has no room for another. */
  #current: Outgoing | undefined;
  /**
   * Every message given to a session that may still say that it sent nothing; undefined once the session cannot say
   * that any more.
   */
  #given: Outgoing[] | undefined = [];
  #ended = false;
  #endGiven = false;

  constructor(stream: OpenStream, onWritten: (written: () => void) => void) {
    this.#stream = stream;
    this.#onWritten = onWritten;
  }

  /** Whether the application has half-closed. */
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

  /** Starts sending on a session. */
  open(session: StreamSession): void {
    this.#session = session;
    // Only a stream that prefers waiting for a connection is ever opened a second time.
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

  /**
   * Forgets what was given to the session: the server has answered, so the session cannot say any more that it sent
   * nothing.
   */
  forgetGiven(): void {
    this.#given = undefined;
  }

  get rewindable(): boolean {
    return this.#given !== undefined;
  }

  /** Goes back to the first message, to send all of them on another session. */
  rewind(): void {
    if (this.#given === undefined) return;
    this.#waiting = [...this.#given, ...this.#waiting];
    this.#given = [];
    this.#session = undefined;
    this.#current = undefined;
    this.#endGiven = false;
  }

  /** Goes back to the message that the session took but has not sent, to send it on an ordinary RPC. */
  takeBack(): void {
    if (this.#current !== undefined) this.#waiting.unshift(this.#current);
    this.#current = undefined;
    this.#given = undefined;
    this.#session = undefined;
    this.#endGiven = false;
  }

  /** Sends nothing more. Callbacks of writes that still wait are called all the same, as in grpc-js. */
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

  /**
   * Remembers a message for `rewind`. A session that took more than a window's worth of messages has sent some of them.
   */
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
