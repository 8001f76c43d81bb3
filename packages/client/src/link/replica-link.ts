/** The link from one session to one replica: a gRPC stream that carries frames. */

import type { StatusObject } from '@grpc/grpc-js';
import { type Logger, UnderstudyError } from '@understudy/core';
import type { ReplyFrame } from '@understudy/core/internal';
import { Backoff, type DialledLink, FrameQueue, hangUp, type SendOptions } from '@understudy/grpc-common';
import { Assembler, decodeReplyFrame, type FrameBytes, unwrapFrame } from '@understudy/wire';
import { RETRY, type ReplicaClient } from './replica-client.js';

/** The news that a link has for its session. */
export interface LinkEvents {
  linkUp(slot: number): void;
  linkDown(slot: number): void;
  frame(slot: number, frame: ReplyFrame): void;
  linkRoom(slot: number, full: boolean): void;
}

/** When `FULL_BYTES` wait on a link, it gets no more frames until only `ROOM_BYTES` wait. */
const FULL_BYTES = 4 * 1024 * 1024;
const ROOM_BYTES = 1024 * 1024;

/** Keeps a link to one replica for one session: connects, and reconnects after a wait. */
export class ReplicaLink {
  readonly slot: number;
  readonly #client: ReplicaClient;
  readonly #events: LinkEvents;
  readonly #logger: Logger;
  readonly #backoff = new Backoff(RETRY);
  #dialled: DialledLink | undefined;
  #assembler = new Assembler();
  #retry: NodeJS.Timeout | undefined;
  #lastEnd = '';
  #ended = false;
  #parked = false;
  #resting = false;
  #queue: FrameQueue | undefined;
  #full = false;

  constructor(slot: number, client: ReplicaClient, events: LinkEvents, logger: Logger) {
    this.slot = slot;
    this.#client = client;
    this.#events = events;
    this.#logger = logger;
    client.use();
  }

  get up(): boolean {
    return this.#dialled !== undefined;
  }

  /** Why there is no link, if the last attempt failed. */
  get failure(): string | undefined {
    if (this.#dialled !== undefined) return undefined;
    return this.#retry === undefined ? this.#client.failure : this.#lastEnd;
  }

  get dialled(): DialledLink | undefined {
    return this.#dialled;
  }

  connect(): void {
    this.#client.whenReady(() => {
      if (!this.#ended && !this.#parked && this.#dialled === undefined && this.#retry === undefined) this.#open();
    });
  }

  /** Sends an encoded frame; returns false if there is no link to send it on. */
  write(frame: FrameBytes, options?: SendOptions): boolean {
    this.#queue?.send(frame, options);
    return this.#queue !== undefined;
  }

  /** Ends the link and connects again after a wait. */
  drop(reason: string): void {
    const dialled = this.#dialled;
    if (dialled === undefined || this.#ended) return;
    this.#forget();
    this.#lastEnd = reason;
    dialled.cancel();
    this.#logger.log('warn', 'link dropped', { slot: this.slot, address: this.#client.address.text, reason });
    this.#connectLater();
    this.#events.linkDown(this.slot);
  }

  /** Ends the link, and opens none before `reconnect`: another link leads to the same replica. */
  park(): void {
    if (this.#ended) return;
    this.#parked = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const dialled = this.#dialled;
    this.#forget();
    if (dialled !== undefined) hangUp(dialled);
  }

  /** Gives up attempts to connect until `wake` or `reconnect`, because no replica is known to be there. */
  rest(): void {
    if (this.#ended || this.#parked || this.up) return;
    this.park();
    this.#resting = true;
    this.#client.rest();
  }

  /** Begins again after `rest`. */
  wake(): void {
    if (this.#resting) this.reconnect();
  }

  /** Connects anew: drops the link if there is one, or begins again after `park` or `rest`. */
  reconnect(): void {
    if (this.#ended) return;
    if (this.#resting) this.#client.use();
    this.#resting = false;
    if (this.#parked) {
      this.#parked = false;
      this.connect();
    } else {
      this.drop('the session asked for a new link');
    }
  }

  get parked(): boolean {
    return this.#parked;
  }

  /** Ends the link for good, after everything that was written to it. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#retry !== undefined) clearTimeout(this.#retry);
    this.#retry = undefined;
    const dialled = this.#dialled;
    this.#queue?.flush();
    this.#forget();
    if (!this.#resting) this.#client.rest();
    if (dialled !== undefined) hangUp(dialled);
  }

  #open(): void {
    const dialled = this.#client.connect();
    this.#dialled = dialled;
    this.#assembler = new Assembler();
    this.#full = false;
    this.#queue = new FrameQueue(dialled, undefined, () => this.#tellRoom());
    dialled.on('data', (message: Buffer) => this.#receive(dialled, message));
    // A failure also comes as a status; without a listener grpc-js would throw it.
    dialled.on('error', () => {});
    dialled.on('status', (status: StatusObject) => this.#broken(dialled, status));
    this.#events.linkUp(this.slot);
  }

  #receive(dialled: DialledLink, message: Buffer): void {
    if (dialled !== this.#dialled) return;
    let frame: ReplyFrame;
    try {
      const bytes = this.#assembler.push(unwrapFrame(message));
      if (bytes === undefined) return;
      frame = decodeReplyFrame(bytes);
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
      this.drop(`the replica sent a frame that cannot be decoded: ${error.message}`);
      return;
    }
    // A replica without room is asked at growing intervals.
    if (frame.kind !== 'refused') this.#backoff.reset();
    this.#events.frame(this.slot, frame);
  }

  #broken(dialled: DialledLink, status: StatusObject): void {
    if (dialled !== this.#dialled) return;
    this.#forget();
    this.#lastEnd = status.details;
    const { address } = this.#client;
    this.#logger.log('info', 'link ended', {
      slot: this.slot,
      address: address.text,
      code: status.code,
      details: status.details,
    });
    this.#connectLater();
    this.#events.linkDown(this.slot);
  }

  #tellRoom(): void {
    const bytes = this.#queue?.ordinaryBytes ?? 0;
    if (this.#full ? bytes > ROOM_BYTES : bytes < FULL_BYTES) return;
    this.#full = !this.#full;
    this.#events.linkRoom(this.slot, this.#full);
  }

  #forget(): void {
    this.#dialled = undefined;
    this.#queue?.close();
    this.#queue = undefined;
  }

  #connectLater(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.connect();
    }, this.#backoff.next());
  }
}
