import type { StatusObject } from '@grpc/grpc-js';
import { type Logger, UnderstudyError } from '@understudy/core';
import type { ReplyFrame } from '@understudy/core/internal';
import { Assembler, decodeReplyFrame, unwrapFrame } from '@understudy/wire';
import { Backoff } from './backoff.js';
import type { FrameStream, ReplicaClient } from './replica-client.js';

/** More than this not taken by gRPC, and nothing taken for `STALLED_MS`: the replica hangs. */
const STALLED_BYTES = 8 * 1024 * 1024;
const STALLED_MS = 1000;
/** More than this is not kept for any replica, however steadily it reads: the session sends it again when asked. */
const QUEUED_MAX_BYTES = 64 * 1024 * 1024;
/** How long the server may take to end a stream that this side has ended. */
const FAREWELL_MS = 200;

/** What a link tells its session. */
export interface LinkEvents {
  linkUp(slot: number): void;
  linkDown(slot: number): void;
  frame(slot: number, frame: ReplyFrame): void;
}

/** Keeps one stream to one replica, for one session: connects, reconnects with backoff, bounds what waits to be sent. */
export class Link {
  readonly slot: number;
  readonly #client: ReplicaClient;
  readonly #events: LinkEvents;
  readonly #logger: Logger;
  readonly #backoff = new Backoff();
  #stream: FrameStream | undefined;
  #assembler = new Assembler();
  #retry: NodeJS.Timeout | undefined;
  #lastEnd = '';
  #ended = false;
  #queuedBytes = 0;
  #takenAtMs = 0;

  constructor(slot: number, client: ReplicaClient, events: LinkEvents, logger: Logger) {
    this.slot = slot;
    this.#client = client;
    this.#events = events;
    this.#logger = logger;
    client.use();
  }

  get up(): boolean {
    return this.#stream !== undefined;
  }

  /** Why there is no stream, if the last attempt failed. */
  get failure(): string | undefined {
    if (this.#stream !== undefined) return undefined;
    return this.#retry === undefined ? this.#client.failure : this.#lastEnd;
  }

  /** Bytes given to gRPC and not yet taken by it. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get stream(): FrameStream | undefined {
    return this.#stream;
  }

  connect(): void {
    this.#client.whenReady(() => {
      if (!this.#ended && this.#stream === undefined && this.#retry === undefined) this.#open();
    });
  }

  /** Sends encoded messages; false if there is no stream to send them on. */
  write(messages: readonly Buffer[], nowMs: number): boolean {
    const stream = this.#stream;
    if (stream === undefined) return false;
    if (this.#queuedBytes === 0) this.#takenAtMs = nowMs;
    for (const message of messages) {
      const size = message.length;
      this.#queuedBytes += size;
      stream.write(message, () => {
        if (this.#stream !== stream) return;
        this.#queuedBytes -= size;
        this.#takenAtMs = performance.now();
      });
    }
    return true;
  }

  /** Every few milliseconds: drops a stream on which too much waits. */
  checkQueue(nowMs: number): void {
    if (this.#queuedBytes <= STALLED_BYTES) return;
    if (this.#queuedBytes <= QUEUED_MAX_BYTES && nowMs - this.#takenAtMs < STALLED_MS) return;
    this.drop('it does not read what it is sent');
  }

  /** Ends the stream and connects again after a while. */
  drop(reason: string): void {
    const stream = this.#stream;
    if (stream === undefined || this.#ended) return;
    this.#forget();
    this.#lastEnd = reason;
    stream.cancel();
    this.#logger.log('warn', 'stream dropped', { slot: this.slot, address: this.#client.address.text, reason });
    this.#connectLater();
    this.#events.linkDown(this.slot);
  }

  /** The session is over: what was written still leaves, then the stream ends. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#retry !== undefined) clearTimeout(this.#retry);
    this.#retry = undefined;
    const stream = this.#stream;
    this.#forget();
    this.#client.rest();
    if (stream === undefined) return;
    const cancel = setTimeout(() => stream.cancel(), FAREWELL_MS);
    // The open stream keeps the process alive until then.
    cancel.unref();
    stream.once('status', () => clearTimeout(cancel));
    stream.end();
  }

  #open(): void {
    const stream = this.#client.connect();
    this.#stream = stream;
    this.#assembler = new Assembler();
    this.#queuedBytes = 0;
    stream.on('data', (message: Buffer) => this.#receive(stream, message));
    // A failure comes as status too; without a listener it would be thrown.
    stream.on('error', () => {});
    stream.on('status', (status: StatusObject) => this.#broken(stream, status));
    this.#events.linkUp(this.slot);
  }

  #receive(stream: FrameStream, message: Buffer): void {
    if (stream !== this.#stream) return;
    let frame: ReplyFrame;
    try {
      const bytes = this.#assembler.push(unwrapFrame(message));
      if (bytes === undefined) return;
      frame = decodeReplyFrame(bytes);
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
      this.drop(`it sent a frame that cannot be decoded: ${error.message}`);
      return;
    }
    this.#backoff.reset();
    this.#events.frame(this.slot, frame);
  }

  #broken(stream: FrameStream, status: StatusObject): void {
    if (stream !== this.#stream) return;
    this.#forget();
    this.#lastEnd = status.details;
    const { address } = this.#client;
    this.#logger.log('info', 'stream ended', {
      slot: this.slot,
      address: address.text,
      code: status.code,
      details: status.details,
    });
    this.#connectLater();
    this.#events.linkDown(this.slot);
  }

  #forget(): void {
    this.#stream = undefined;
    this.#queuedBytes = 0;
  }

  #connectLater(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.connect();
    }, this.#backoff.next());
  }
}
