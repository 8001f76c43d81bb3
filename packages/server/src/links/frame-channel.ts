/** Frames on one link, on either side of it. */
import { UnderstudyError } from '@understudy/core';
import { messagesOf } from '@understudy/grpc-common';
import { Assembler, unwrapFrame } from '@understudy/wire';

/** Either side of the gRPC stream under a link. */
export interface LinkStream {
  on(event: 'data', listener: (message: Buffer) => void): unknown;
  write(message: Buffer, taken: () => void): unknown;
}

export interface FrameChannelOptions {
  readonly link: LinkStream;
  /** How many bytes may wait to be sent by gRPC, besides the largest frame among them. */
  readonly queuedMaxBytes: number;
  readonly onFrame: (frame: Uint8Array) => void;
  /** Called when something came that cannot be a frame. Nothing is received after it. */
  readonly onMalformed: (error: UnderstudyError) => void;
  /** Called when the other side does not read what it is sent. Nothing is sent after it. */
  readonly onOverflow: () => void;
}

/** Sends and receives frames on one link: assembles what comes, and bounds what waits to leave. */
export class FrameChannel {
  readonly #options: FrameChannelOptions;
  readonly #assembler = new Assembler();
  #queuedBytes = 0;
  #largestBytes = 0;
  #closed = false;

  constructor(options: FrameChannelOptions) {
    this.#options = options;
    options.link.on('data', (message: Buffer) => this.#receive(message));
  }

  send(frame: Uint8Array): void {
    this.sendMessages(messagesOf(frame));
  }

  /** @param messages the messages of one frame */
  sendMessages(messages: readonly Buffer[]): void {
    if (this.#closed || !this.#makeRoom(messages)) return;
    for (const message of messages) this.#options.link.write(message, () => this.#taken(message.length));
  }

  /** Stops sending and receiving, and leaves the gRPC stream as it is. */
  close(): void {
    this.#closed = true;
  }

  #makeRoom(messages: readonly Buffer[]): boolean {
    let bytes = 0;
    for (const message of messages) bytes += message.length;
    if (bytes > this.#largestBytes) this.#largestBytes = bytes;
    if (this.#queuedBytes + bytes > this.#options.queuedMaxBytes + this.#largestBytes) {
      this.close();
      this.#options.onOverflow();
      return false;
    }
    this.#queuedBytes += bytes;
    return true;
  }

  #taken(bytes: number): void {
    this.#queuedBytes -= bytes;
    if (this.#queuedBytes === 0) this.#largestBytes = 0;
  }

  #receive(message: Buffer): void {
    if (this.#closed) return;
    try {
      const frame = this.#assembler.push(unwrapFrame(message));
      if (frame !== undefined) this.#options.onFrame(frame);
    } catch (error) {
      if (!(error instanceof UnderstudyError) || error.code !== 'UNDERSTUDY_MALFORMED') throw error;
      this.close();
      this.#options.onMalformed(error);
    }
  }
}
