import { UnderstudyError } from '@understudy/core';
import { messagesOf } from '@understudy/grpc-common';
import { Assembler, unwrapFrame } from '@understudy/wire';

/** Either side of a bidirectional stream of grpc-js. */
export interface LinkStream {
  on(event: 'data', listener: (message: Buffer) => void): unknown;
  write(message: Buffer, taken: () => void): unknown;
}

export interface FrameChannelOptions {
  readonly stream: LinkStream;
  /** Most bytes that may wait to be taken by gRPC, beside the largest frame among them. */
  readonly queuedMaxBytes: number;
  readonly onFrame: (frame: Uint8Array) => void;
  /** What came cannot be a frame. Nothing is received after it. */
  readonly onMalformed: (error: UnderstudyError) => void;
  /** The other side does not read what it is sent. Nothing is sent after it. */
  readonly onOverflow: () => void;
}

/** Frames on one gRPC stream, either side of it: assembles what comes, bounds what waits to leave. */
export class FrameChannel {
  readonly #options: FrameChannelOptions;
  readonly #assembler = new Assembler();
  #queuedBytes = 0;
  #largestBytes = 0;
  #closed = false;

  constructor(options: FrameChannelOptions) {
    this.#options = options;
    options.stream.on('data', (message: Buffer) => this.#receive(message));
  }

  send(frame: Uint8Array): void {
    this.sendMessages(messagesOf(frame));
  }

  /** @param messages of one frame */
  sendMessages(messages: readonly Buffer[]): void {
    if (this.#closed || !this.#makeRoom(messages)) return;
    for (const message of messages) this.#options.stream.write(message, () => this.#taken(message.length));
  }

  /** Nothing is sent or received any more; the stream is left as it is. */
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
