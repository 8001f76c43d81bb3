/** How far a streaming handler may be ahead of its client. */
import {
  STREAM_UNREAD_MAX,
  STREAM_UNREAD_MAX_BYTES,
  STREAM_WINDOW,
  STREAM_WINDOW_BYTES,
} from '@understudy/core/internal';

/**
 * Counts messages that a handler has written and that were not sent yet, and messages that were sent and that the
 * client has not taken yet.
 */
export class ResponseWindow {
  #waiting = 0;
  #waitingBytes = 0;
  readonly #untaken: { readonly position: number; readonly bytes: number }[] = [];
  #untakenBytes = 0;
  #takenUpTo = 0;

  /** Whether one more message may be sent. */
  get open(): boolean {
    return this.#untaken.length < STREAM_WINDOW && this.#untakenBytes < STREAM_WINDOW_BYTES;
  }

  /** Whether the handler has ignored back-pressure for too long. */
  get overflows(): boolean {
    return this.#waiting > STREAM_UNREAD_MAX || this.#waitingBytes > STREAM_UNREAD_MAX_BYTES;
  }

  written(bytes: number): void {
    this.#waiting++;
    this.#waitingBytes += bytes;
  }

  leaves(bytes: number): void {
    this.#waiting--;
    this.#waitingBytes -= bytes;
  }

  /** @param position among all items of the stream */
  sent(position: number, bytes: number): void {
    // The client may have this item already, if another replica's handler was faster.
    if (position <= this.#takenUpTo) return;
    this.#untaken.push({ position, bytes });
    this.#untakenBytes += bytes;
  }

  /** Notes that the client has taken the items up to `upTo`. */
  taken(upTo: number): void {
    if (upTo > this.#takenUpTo) this.#takenUpTo = upTo;
    while (this.#untaken[0] !== undefined && this.#untaken[0].position <= upTo) {
      this.#untakenBytes -= this.#untaken.shift()?.bytes ?? 0;
    }
  }
}
