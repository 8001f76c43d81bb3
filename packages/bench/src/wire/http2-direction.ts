import type { FlowCounter } from './flow-counter.js';
import { MessageCounter } from './message-counter.js';

const PREFACE_BYTES = 24;
const FRAME_HEADER_BYTES = 9;
const TYPE = { data: 0, headers: 1, rstStream: 3 } as const;
const FLAG = { endStream: 0x1, padded: 0x8 } as const;

/** Parses one direction of an HTTP/2 connection (RFC 9113) without TLS, and counts its gRPC messages. */
export class Http2Direction {
  readonly #counter: FlowCounter;
  readonly #streams = new Map<number, MessageCounter>();
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #toSkip: number;
  /** How many bytes of the frame are still to come, and the stream whose messages they carry. */
  #left = 0;
  #data: MessageCounter | undefined;
  #padding: 'none' | 'length' = 'none';
  #trailing = 0;

  /** @param from which side sends: a client begins with a preface */
  constructor(counter: FlowCounter, from: 'client' | 'server') {
    this.#counter = counter;
    this.#toSkip = from === 'client' ? PREFACE_BYTES : 0;
  }

  push(chunk: Buffer): void {
    this.#counter.bytes += chunk.length;
    let at = Math.min(this.#toSkip, chunk.length);
    this.#toSkip -= at;
    while (at < chunk.length) at = this.#left > 0 ? this.#payload(chunk, at) : this.#frameHeader(chunk, at);
  }

  #frameHeader(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + FRAME_HEADER_BYTES - this.#headerBytes);
    chunk.copy(this.#header, this.#headerBytes, at, end);
    this.#headerBytes += end - at;
    if (this.#headerBytes === FRAME_HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#beginFrame();
    }
    return end;
  }

  #beginFrame(): void {
    this.#left = this.#header.readUIntBE(0, 3);
    const type = this.#header[3];
    const flags = this.#header[4] ?? 0;
    const stream = this.#header.readUInt32BE(5);
    this.#data = undefined;
    this.#trailing = 0;
    this.#padding = 'none';
    if (type === TYPE.headers) this.#counter.headers += 1;
    if (type === TYPE.data && this.#left > 0) {
      this.#data = this.#streamOf(stream);
      if ((flags & FLAG.padded) !== 0) this.#padding = 'length';
    }
    const ends = (type === TYPE.data || type === TYPE.headers) && (flags & FLAG.endStream) !== 0;
    if (ends || type === TYPE.rstStream) this.#streams.delete(stream);
  }

  #streamOf(id: number): MessageCounter {
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = new MessageCounter(() => {
        this.#counter.messages += 1;
      });
      this.#streams.set(id, stream);
    }
    return stream;
  }

  #payload(chunk: Buffer, at: number): number {
    if (this.#padding === 'length') {
      this.#padding = 'none';
      this.#trailing = chunk[at] ?? 0;
      this.#left -= 1;
      return at + 1;
    }
    const end = Math.min(chunk.length, at + this.#left);
    const content = Math.min(end, at + this.#left - this.#trailing);
    if (this.#data !== undefined && content > at) this.#data.push(chunk, at, content);
    this.#left -= end - at;
    return end;
  }
}
