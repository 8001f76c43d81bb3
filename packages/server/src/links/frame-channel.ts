/** Frames on one link, on either side of it. */
import { UnderstudyError } from '@understudy/core';
import { FrameQueue, type FrameSink, type SendOptions } from '@understudy/grpc-common';
import { Assembler, type FrameBytes, unwrapFrame } from '@understudy/wire';
import { FrameSeal } from '../identity/frame-seal.js';

/** Either side of the gRPC stream under a link. */
export interface LinkStream extends FrameSink {
  on(event: 'data', listener: (message: Buffer) => void): unknown;
}

export interface FrameChannelOptions {
  readonly link: LinkStream;
  /** How many bytes may wait while the other side takes nothing at all. */
  readonly queuedMaxBytes: number;
  /**
   * Whether the other side has not yet said who it is. Until `trust` is called its frames may have a few KiB, so that
   * strangers cannot fill the memory.
   */
  readonly stranger?: boolean;
  /**
   * Called when the number of waiting bytes changes: bytes to be sent, and bytes that wait for the rest of their frame.
   */
  readonly onWaiting?: (bytes: number) => void;
  /** May throw an UnderstudyError, which `onRefused` is then called with. */
  readonly onFrame: (frame: Uint8Array) => void;
  /** Called for bytes that cannot be a frame, or when `onFrame` refused one. Nothing is received after it. */
  readonly onRefused: (error: UnderstudyError) => void;
  /** Called when the other side has taken nothing for long although much waits. Nothing is sent after it. */
  readonly onSilent: () => void;
}

/** Enough for every hello and every proof. */
const STRANGER_FRAME_MAX_BYTES = 8 * 1024;
/** If the other side has taken anything within this time it is slow, not silent. */
const SILENT_MS = 10_000;

/** Sends and receives frames on one link: assembles what comes, and bounds what waits to leave. */
export class FrameChannel {
  readonly #options: FrameChannelOptions;
  #assembler: Assembler;
  #messageMaxBytes = Number.POSITIVE_INFINITY;
  #sealer: FrameSeal | undefined;
  #opener: FrameSeal | undefined;
  readonly #queue: FrameQueue;
  #closed = false;

  constructor(options: FrameChannelOptions) {
    this.#options = options;
    this.#assembler = new Assembler(options.stranger === true ? { frameBytesMax: STRANGER_FRAME_MAX_BYTES } : {});
    if (options.stranger === true) this.#messageMaxBytes = 2 * STRANGER_FRAME_MAX_BYTES;
    this.#queue = new FrameQueue(
      options.link,
      (message) => this.#sealer?.seal(message) ?? message,
      () => this.#tellWaiting(),
    );
    options.link.on('data', (message: Buffer) => this.#receive(message));
  }

  /** Whether nothing waits to be sent, so that a status would arrive. */
  get isRead(): boolean {
    return this.#queue.bytes === 0;
  }

  send(frame: FrameBytes, options?: SendOptions): void {
    if (this.#closed) return;
    if (this.#queue.bytes > this.#options.queuedMaxBytes && this.#queue.stuckForMs > SILENT_MS) {
      this.close();
      this.#options.onSilent();
      return;
    }
    this.#queue.send(frame, options);
  }

  /** Gives gRPC everything that waits, before the link is ended. */
  flush(): void {
    if (!this.#closed) this.#queue.flush();
  }

  /** Resolves once gRPC has passed on, or given up, everything that it was given, also after `close`. */
  passedOn(): Promise<void> {
    return this.#queue.passedOn();
  }

  /** The other side has proved who it is: its frames may have any size from now on. */
  trust(): void {
    this.#assembler = new Assembler();
    this.#messageMaxBytes = Number.POSITIVE_INFINITY;
  }

  /** Gives every message that is sent from now on a MAC. */
  sealOutgoing(key: Buffer): void {
    this.#sealer = new FrameSeal(key);
  }

  /** Refuses every message that comes from now on without the right MAC. */
  checkIncoming(key: Buffer): void {
    this.#opener = new FrameSeal(key);
  }

  /** Stops sending and receiving, and leaves the gRPC stream as it is. */
  close(): void {
    this.#closed = true;
    this.#queue.close();
  }

  #tellWaiting(): void {
    if (!this.#closed) this.#options.onWaiting?.(this.#queue.bytes + this.#assembler.waitingBytes);
  }

  #receive(message: Buffer): void {
    if (this.#closed) return;
    try {
      if (message.length > this.#messageMaxBytes) {
        throw new UnderstudyError('UNDERSTUDY_MALFORMED', `a first message of ${message.length} bytes`);
      }
      const waited = this.#assembler.waitingBytes;
      const frame = this.#assembler.push(unwrapFrame(this.#opener?.open(message) ?? message));
      if (this.#assembler.waitingBytes !== waited) this.#tellWaiting();
      if (frame !== undefined) this.#options.onFrame(frame);
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
      this.close();
      this.#options.onRefused(error);
    }
  }
}
