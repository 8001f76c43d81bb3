/** Frames of any size over links whose messages are bounded. */
import { malformed } from '../bytes/failure.js';
import { VERSION } from '../bytes/layout.js';
import { allocateFrame, ENVELOPE_MAX_BYTES } from '../bytes/slab.js';

/** First byte of a part of a frame. A frame that travels whole begins with its version instead. */
const PART = 0x80 | VERSION;
const LAST_PART = 0xc0 | VERSION;

const DEFAULT_CHUNK_BYTES = 1024 * 1024;
/** How many bytes a gRPC message that carries a frame, or a part of one, has at most. */
export const MESSAGE_BYTES_MAX = DEFAULT_CHUNK_BYTES + ENVELOPE_MAX_BYTES;
const DEFAULT_FRAME_BYTES_MAX = 256 * 1024 * 1024;
/** Every part but the last has at least this many bytes, so that nobody can fill an assembler with tiny parts. */
const PART_BYTES_MIN = 1024;

export interface ChunkerOptions {
  /**
   * How many bytes a chunk has at most; at least 1025. Default 1 MiB, well below gRPC's usual limit of 4 MiB a message.
   */
  readonly chunkBytes?: number;
}

/** Cuts frames that are too large for one gRPC message. Smaller ones pass without a copy or an added byte. */
export class Chunker {
  private readonly chunkBytes: number;

  constructor({ chunkBytes = DEFAULT_CHUNK_BYTES }: ChunkerOptions = {}) {
    if (!(chunkBytes > PART_BYTES_MIN)) throw new RangeError(`chunkBytes must be more than ${PART_BYTES_MIN}`);
    this.chunkBytes = chunkBytes;
  }

  /** @param frame an encoding that an encoder of this package returned */
  split(frame: Uint8Array): Uint8Array[] {
    if (frame.length <= this.chunkBytes) return [frame];
    const partBytes = this.chunkBytes - 1;
    const chunks: Uint8Array[] = [];
    for (let from = 0; from < frame.length; from += partBytes) {
      const part = frame.subarray(from, from + partBytes);
      const chunk = allocateFrame(1 + part.length);
      chunk[0] = from + partBytes < frame.length ? PART : LAST_PART;
      chunk.set(part, 1);
      chunks.push(chunk);
    }
    return chunks;
  }
}

export interface AssemblerOptions {
  /** How many bytes a frame has at most. Default 256 MiB. */
  readonly frameBytesMax?: number;
}

/** Puts together what a Chunker cut. Each direction of a link needs an assembler of its own. */
export class Assembler {
  private readonly frameBytesMax: number;
  private parts: Uint8Array[] = [];
  private heldBytes = 0;

  constructor({ frameBytesMax = DEFAULT_FRAME_BYTES_MAX }: AssemblerOptions = {}) {
    this.frameBytesMax = frameBytesMax;
  }

  /** The bytes of the parts that wait for the rest of their frame. */
  get waitingBytes(): number {
    return this.heldBytes;
  }

  /**
   * @returns the frame that this chunk completes, if it completes one; a frame that came whole is the chunk itself
   * @throws UnderstudyError UNDERSTUDY_MALFORMED for a chunk that cannot follow, or a frame above the bound. The
   *   assembler drops the parts that it holds, and the caller should end the link
   */
  push(chunk: Uint8Array): Uint8Array | undefined {
    const mark = chunk[0];
    if (mark !== PART && mark !== LAST_PART) {
      if (this.parts.length > 0) this.fail('whole frame between the parts of another');
      if (chunk.length > this.frameBytesMax) this.fail(`frame of more than ${this.frameBytesMax} bytes`);
      return chunk;
    }
    this.hold(chunk.subarray(1), mark === LAST_PART);
    if (mark === PART) return undefined;
    const frame = Buffer.concat(this.parts, this.heldBytes);
    this.drop();
    return frame;
  }

  private hold(part: Uint8Array, last: boolean): void {
    if (last && this.parts.length === 0) this.fail('last part of a frame without a first');
    if (part.length < (last ? 1 : PART_BYTES_MIN)) this.fail(`part of ${part.length} bytes`);
    this.heldBytes += part.length;
    if (this.heldBytes > this.frameBytesMax) this.fail(`frame of more than ${this.frameBytesMax} bytes`);
    this.parts.push(part);
  }

  private drop(): void {
    this.parts = [];
    this.heldBytes = 0;
  }

  private fail(reason: string): never {
    this.drop();
    malformed(reason);
  }
}
