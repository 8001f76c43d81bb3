/** A stream that a handler opened, as it really leaves the process: on the primary alone. */
import { type Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import { realImmediate, type SentCall } from '@understudy/context';
import type { NestedPlace, Reply } from '@understudy/core/internal';
import { errorReply, messageOf, replyEntries } from '@understudy/grpc-common';
import { replyOutcome } from '../rpc/reply-outcome.js';
import type { BytesCall, ResumableStream } from '../rpc/sent-call.js';
import { BATCH_MAX, BATCH_MAX_BYTES, encodeBatch } from './batch.js';

/** Takes the outcome of an operation, once, in a later turn. */
export type Done = (outcome: Reply) => void;

/** The outcome of an operation that brings nothing: a write was taken, a cancellation was passed on. */
export const TAKEN: Reply = Object.freeze({ kind: 'reply', code: Status.OK, details: '' });

const LOST = errorReply(
  'UNDERSTUDY_INDETERMINATE',
  'the primary that had opened this stream is gone, and another one cannot resume it; what was sent on the stream may have had effects. Open it again if that does no harm',
);

/**
 * The call behind a handler's stream. It reads at most one batch ahead of the handler, so that a callee that sends
 * faster than the group orders its messages feels back-pressure.
 */
export class SentStream implements SentCall {
  readonly #done: Done;
  #call: BytesCall | ResumableStream | undefined;
  /** The position of the last message that was sent. */
  #position: number;
  /**
   * The last item that was handed over. Once the handler has taken everything up to it for good, the callee may forget
   * those items.
   */
  #handedUpTo: number;
  #initial: Metadata | undefined;
  #messages: Buffer[] = [];
  #bytes = 0;
  /** Whether the call has been asked for a message that has not come. */
  #asked = false;
  #reader: Done | undefined;
  #scheduled = false;
  /** The writes that the call has not taken. */
  readonly #writers = new Set<Done>();
  #ended = false;

  /**
   * @param open makes the call; if it throws, that is the status of the stream; undefined if it cannot be resumed
   * @param place how far the stream is if it was opened before
   * @param request the one request, if the method has only one
   * @param done is given the status, and what the handler has not read of the messages before it
   */
  constructor(
    open: () => BytesCall | ResumableStream | undefined,
    metadata: Metadata,
    request: Buffer | undefined,
    { received, position }: NestedPlace,
    done: Done,
  ) {
    this.#done = done;
    this.#handedUpTo = received;
    this.#position = position;
    try {
      this.#call = open();
    } catch (error) {
      this.#ended = true;
      realImmediate(done, { kind: 'reply', code: Status.UNAVAILABLE, details: messageOf(error) });
      return;
    }
    if (this.#call === undefined) {
      this.#ended = true;
      realImmediate(done, LOST);
      return;
    }
    this.#call.start(metadata, {
      onReceiveMetadata: (received) => {
        this.#initial = received;
        this.#deliverSoon();
      },
      onReceiveMessage: (received: Buffer | null) => this.#onMessage(received),
      onReceiveStatus: (status) => this.#onStatus(status),
    });
    this.#ask();
    if (request === undefined) return;
    this.#call.sendMessageWithContext({}, request);
    this.#call.halfClose();
  }

  /** Hands over the messages that came, as soon as there are any. */
  read(done: Done): void {
    if (this.#ended) {
      realImmediate(done, TAKEN);
      return;
    }
    // By making this read the handler has taken what it read before, and the place of this read is stable.
    if (this.#resumable !== undefined && this.#handedUpTo > 0) this.#resumable.take(this.#handedUpTo);
    this.#reader = done;
    this.#deliverSoon();
    this.#ask();
  }

  /**
   * Sends messages, and then perhaps the half-close. `done` is called when they need not be sent again: when the call has
   * room for more, or, where another process can go on with the stream, when they are in the callee's order for good.
   */
  write(messages: readonly Buffer[], ends: boolean, done: Done): void {
    const call = this.#call;
    if (this.#ended || call === undefined) {
      realImmediate(done, TAKEN);
      return;
    }
    this.#writers.add(done);
    let next = 0;
    // grpc-js takes one message at a time.
    const goOn = (): void => {
      if (this.#ended) return;
      const message = messages[next++];
      if (message !== undefined) {
        call.sendMessageWithContext({ callback: goOn }, message);
        return;
      }
      if (ends) call.halfClose();
      this.#position += messages.length + (ends ? 1 : 0);
      if (this.#resumable === undefined) taken();
      else this.#resumable.whenTaken(this.#position, taken);
    };
    const taken = (): void => {
      if (this.#writers.delete(done)) realImmediate(done, TAKEN);
    };
    goOn();
  }

  cancel(code: Status = Status.CANCELLED, details = 'Cancelled on client'): void {
    if (!this.#ended) this.#call?.cancelWithStatus(code, details);
  }

  /** Leaves the stream so that a successor can go on with it. */
  leave(): void {
    if (this.#resumable === undefined) this.cancel();
    else if (!this.#ended) this.#resumable.leave();
    this.#ended = true;
  }

  get #resumable(): ResumableStream | undefined {
    const call = this.#call;
    return call !== undefined && 'leave' in call ? call : undefined;
  }

  #ask(): void {
    const hasRoom = this.#messages.length < BATCH_MAX && this.#bytes < BATCH_MAX_BYTES;
    if (this.#asked || this.#ended || !hasRoom) return;
    this.#asked = true;
    this.#call?.startRead();
  }

  #onMessage(received: Buffer | null): void {
    this.#asked = false;
    if (received === null || this.#ended) return;
    this.#messages.push(received);
    this.#bytes += received.length;
    this.#deliverSoon();
    this.#ask();
  }

  #onStatus(status: StatusObject): void {
    if (this.#ended) return;
    this.#ended = true;
    // The status gets its place first. A successor that knew only the ends of the writes would go on with the stream
    // behind messages that the callee never took.
    this.#done(replyOutcome(this.#initial, encodeBatch(this.#messages, 0), status));
    this.#messages = [];
    for (const writer of this.#writers) writer(TAKEN);
    this.#writers.clear();
    this.#reader?.(TAKEN);
    this.#reader = undefined;
  }

  /** Waits for the end of the turn, since several messages may come in one. */
  #deliverSoon(): void {
    if (this.#scheduled || this.#reader === undefined || !this.#hasNews) return;
    this.#scheduled = true;
    realImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const reader = this.#reader;
    if (reader === undefined || !this.#hasNews) return;
    this.#reader = undefined;
    this.#handedUpTo = this.#resumable?.toldUpTo ?? 0;
    const message = encodeBatch(this.#messages, this.#handedUpTo);
    this.#messages = [];
    this.#bytes = 0;
    const initial = this.#initial && { initialMetadata: replyEntries(this.#initial) ?? [] };
    this.#initial = undefined;
    reader({ ...TAKEN, message, ...initial });
    this.#ask();
  }

  get #hasNews(): boolean {
    return this.#messages.length > 0 || this.#initial !== undefined;
  }
}
