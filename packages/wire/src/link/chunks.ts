/** Frames of any size over links whose messages are bounded. */
import { malformed } from '../bytes/failure.js';
import { VERSION } from '../bytes/layout.js';
import { type FrameBytes, frameLength, PieceReader } from '../bytes/pieces.js';
import { allocateFrame, ENVELOPE_MAX_BYTES } from '../bytes/slab.js';

/** First byte of a part of a frame. A frame that travels whole begins with its version instead. */
const PART = 0x80 | VERSION;
const LAST_PART = 0xc0 | VERSION;

/**
 * A chunk is so small that a small frame between two chunks of a large one hardly waits, and well below gRPC's 4 MiB.
 */
export const CHUNK_BYTES = 64 * 1024;
/** How many bytes a gRPC message that carries a frame, or a part of one, has at most. */
export const MESSAGE_BYTES_MAX = CHUNK_BYTES + ENVELOPE_MAX_BYTES;
const DEFAULT_FRAME_BYTES_MAX = 256 * 1024 * 1024;
/** Every part but the last has at least this many bytes, so that tiny parts cannot fill an assembler. */
const PART_BYTES_MIN = 1024;
/** The mark and the lane. */
const PART_HEADER_BYTES = 2;

/**
 * The lanes of a link, in the order of their precedence. A lane keeps the order of its frames. A part names its lane, so
 * that frames of another lane may travel between the parts of one frame.
 */
export const LANES = { ordinary: 0, bulk: 1 } as const;
export type Lane = keyof typeof LANES;
const LANE_COUNT = Object.keys(LANES).length;

export interface ChunkerOptions {
  /** The most bytes in a chunk; at least 1027. Default 64 KiB. */
  readonly chunkBytes?: number;
}

/** Cuts frames that are too large for one chunk. Smaller ones pass without a copy or an added byte. */
export class Chunker {
  private readonly chunkBytes: number;

  constructor({ chunkBytes = CHUNK_BYTES }: ChunkerOptions = {}) {
    const least = PART_BYTES_MIN + PART_HEADER_BYTES;
    if (!(chunkBytes > least)) throw new RangeError(`chunkBytes must be more than ${least}`);
    this.chunkBytes = chunkBytes;
  }

  /** @param frame an encoding that an encoder of this package returned */
  split(frame: FrameBytes, lane: Lane = 'ordinary'): Uint8Array[] {
    return [...this.chunks(frame, lane)];
  }

  /** The chunks of a frame. Each chunk is made when it is asked for, so that a waiting frame is in memory only once. */
  *chunks(frame: FrameBytes, lane: Lane = 'ordinary'): Generator<Uint8Array, void, void> {
    const length = frameLength(frame);
    if (length <= this.chunkBytes) {
      yield frame instanceof Uint8Array ? frame : Buffer.concat(frame);
      return;
    }
    const partBytes = this.chunkBytes - PART_HEADER_BYTES;
    const pieces = new PieceReader(frame);
    for (let from = 0; from < length; from += partBytes) {
      const chunk = allocateFrame(PART_HEADER_BYTES + Math.min(partBytes, length - from));
      chunk[0] = from + partBytes < length ? PART : LAST_PART;
      chunk[1] = LANES[lane];
      pieces.fill(chunk, PART_HEADER_BYTES);
      yield chunk;
    }
  }
}

export interface AssemblerOptions {
  /** The most bytes in a frame, and in all frames together that wait for their parts. Default 256 MiB. */
  readonly frameBytesMax?: number;
}

/** Puts together the chunks of a Chunker. Each direction of a link needs an assembler of its own. */
export class Assembler {
  private readonly frameBytesMax: number;
  private lanes: Uint8Array[][] = [];
  private heldBytes = 0;

  constructor({ frameBytesMax = DEFAULT_FRAME_BYTES_MAX }: AssemblerOptions = {}) {
    this.frameBytesMax = frameBytesMax;
    this.drop();
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
      if (chunk.length > this.frameBytesMax) this.fail(`frame of more than ${this.frameBytesMax} bytes`);
      return chunk;
    }
    const lane = chunk[1] ?? LANE_COUNT;
    const parts = this.lanes[lane];
    if (parts === undefined) this.fail(`part of a frame on lane ${lane}`);
    this.hold(parts, chunk.subarray(PART_HEADER_BYTES), mark === LAST_PART);
    if (mark === PART) return undefined;
    this.lanes[lane] = [];
    const frame = Buffer.concat(parts);
    this.heldBytes -= frame.length;
    return frame;
  }

  private hold(parts: Uint8Array[], part: Uint8Array, last: boolean): void {
    if (last && parts.length === 0) this.fail('last part of a frame without a first');
    if (part.length < (last ? 1 : PART_BYTES_MIN)) this.fail(`part of ${part.length} bytes`);
    this.heldBytes += part.length;
    if (this.heldBytes > this.frameBytesMax) this.fail(`frame of more than ${this.frameBytesMax} bytes`);
    parts.push(part);
  }

  private drop(): void {
    this.lanes = Array.from({ length: LANE_COUNT }, () => []);
    this.heldBytes = 0;
  }

  private fail(reason: string): never {
    this.drop();
    malformed(reason);
  }
}
