/** The messages that a handler writes on a stream, until they leave as parts that have a place in the order. */
import { BATCH_MAX, BATCH_MAX_BYTES } from './batch.js';

/**
 * Gathers messages while an earlier part is on its way, so that a handler that writes much needs few places in the
 * order. The callback of a write comes at once while there is room, and otherwise when the parts before it were taken.
 */
export class OutgoingWrites {
  readonly #leave: (messages: readonly Buffer[], ends: boolean) => void;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** Whether the opening has its place, so that parts may follow it. */
  #opened = false;
  #scheduled = false;
  #ends = false;
  #ended = false;
  #underWay = false;
  #blocked: (() => void)[] = [];
  #closed = false;

  /** @param leave makes a part of messages, and perhaps of the half-close behind them; its caller then calls `taken` */
  constructor(leave: (messages: readonly Buffer[], ends: boolean) => void) {
    this.#leave = leave;
  }

  open(): void {
    this.#opened = true;
    this.#leaveSoon();
  }

  push(bytes: Buffer, written: (() => void) | undefined): void {
    if (this.#closed || this.#ends) {
      if (written !== undefined) process.nextTick(written);
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (written !== undefined) {
      if (this.#hasRoom) process.nextTick(written);
      else this.#blocked.push(written);
    }
    this.#leaveSoon();
  }

  end(): void {
    this.#ends = true;
    this.#leaveSoon();
  }

  /** The part that was on its way was taken. */
  taken(): void {
    this.#underWay = false;
    this.#leaveNow();
  }

  /** Sends nothing more. Writers are not kept waiting. */
  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.#release();
  }

  /** Waits for a tick, which is still of the same step, since handlers often write several messages at once. */
  #leaveSoon(): void {
    if (this.#scheduled || !this.#isDue) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.#leaveNow();
    });
  }

  #leaveNow(): void {
    if (!this.#isDue) return;
    this.#underWay = true;
    this.#ended = this.#ends;
    const messages = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#release();
    this.#leave(messages, this.#ends);
  }

  get #isDue(): boolean {
    if (!this.#opened || this.#closed || this.#underWay || this.#ended) return false;
    return this.#queue.length > 0 || this.#ends;
  }

  get #hasRoom(): boolean {
    return this.#queue.length < BATCH_MAX && this.#queuedBytes < BATCH_MAX_BYTES;
  }

  #release(): void {
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const written of blocked) process.nextTick(written);
  }
}
