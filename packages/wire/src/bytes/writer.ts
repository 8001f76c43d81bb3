/** Writes the primitives of an encoding: numbers, texts, ids, and the tables of a frame. */
import { BODY_DIGEST_BYTES, type BodyDigest, type ConnectionId, connectionKind } from '@understudy/core/internal';
import { unencodable } from './failure.js';
import { writeHex, writeHexId } from './hex-id.js';
import { CONNECTION_BYTES, CONNECTION_KINDS, ID_BYTES, type KindByte, STRING_MAX_BYTES, VERSION } from './layout.js';
import { ENVELOPE_MAX_BYTES, registerSlab, writeEnvelopeBefore } from './slab.js';
import { ConnectionTable, StringTable } from './table.js';

const SLAB_BYTES = 64 * 1024;
const VARINT_MAX_BYTES = 8;
/** Bytes of at least this length are left where they are, if the encoding is asked for in pieces. */
export const APART_MIN_BYTES = 64 * 1024;
/** Added to every estimate, for names, for connections, and for the room that the last number reserves. */
const SLACK_BYTES = 128;
/** A loop writes ASCII strings up to this length; Buffer's own code measures and writes all others. */
const SHORT_STRING = 64;

/**
 * Writes one encoding after the other into slabs. The results are disjoint views of the slabs and belong to the caller.
 * Reusable but not re-entrant: call `begin`, write the parts in their order, call `finish`. If an encoding ends in an
 * exception, the next one overwrites it.
 */
export class Writer {
  /** The connections and names (method paths, metadata keys) that the current encoding has written out. */
  readonly connections = new ConnectionTable();
  readonly names = new StringTable();

  private slab: Buffer = Buffer.alloc(0);
  /** Finished encodings own the slab below this index. */
  private taken = 0;
  private start = 0;
  private at = 0;
  /** The places of bytes in the current encoding that were not copied; undefined if it is not asked for in pieces. */
  private apart: { readonly offset: number; readonly value: Uint8Array }[] | undefined;

  /**
   * Has `encode` write and finish one encoding, and returns it in consecutive pieces. Long bytes are pieces of their
   * own and are not copied, so they must not change afterwards: a copy of 64 MiB would hold the event loop for 40 ms.
   */
  inPieces(encode: () => Uint8Array): readonly Uint8Array[] {
    this.apart = [];
    try {
      const written = encode();
      const pieces: Uint8Array[] = [];
      let from = 0;
      for (const { offset, value } of this.apart) {
        pieces.push(written.subarray(from, offset), value);
        from = offset;
      }
      pieces.push(written.subarray(from));
      return pieces;
    } finally {
      this.apart = undefined;
    }
  }

  /**
   * @param estimate about how many bytes the encoding needs; a good estimate saves a copy of what was written so far
   */
  begin(kind: KindByte, estimate: number): void {
    this.connections.clear();
    this.names.clear();
    this.start = this.at = this.taken + ENVELOPE_MAX_BYTES;
    // Bytes that are not copied need no room.
    const needed = this.apart === undefined ? estimate + SLACK_BYTES : SLACK_BYTES;
    if (this.at + needed > this.slab.length) this.renew(needed, needed);
    this.byte(VERSION);
    this.byte(kind);
  }

  finish(): Buffer {
    writeEnvelopeBefore(this.slab, this.start, this.at);
    const encoded = this.slab.subarray(this.start, this.at);
    this.taken = this.at;
    // A large encoding shares its memory with no other, so that small encodings that live longer do not keep it alive.
    if (this.slab.length > SLAB_BYTES) this.abandonSlab();
    return encoded;
  }

  /**
   * The encoding so far, as a view that is valid until the next `begin`. It replaces `finish` where the bytes are not
   * kept.
   */
  view(): Buffer {
    const written = this.slab.subarray(this.start, this.at);
    if (this.slab.length > SLAB_BYTES) this.abandonSlab();
    return written;
  }

  byte(value: number): void {
    this.reserve(1);
    this.slab[this.at++] = value;
  }

  boolean(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  /**
   * An integer from 0 to 2^53-1: seven bits a byte, least significant first; the top bit says that more bytes follow.
   */
  varint(value: number): void {
    this.reserve(VARINT_MAX_BYTES);
    const slab = this.slab;
    let at = this.at;
    let rest = value;
    if (value >>> 0 !== value) {
      if (!Number.isSafeInteger(value) || value < 0) unencodable(`${value} as an unsigned integer`);
      for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) slab[at++] = (rest % 0x80) | 0x80;
    }
    for (; rest > 0x7f; rest >>>= 7) slab[at++] = (rest & 0x7f) | 0x80;
    slab[at++] = rest;
    this.at = at;
  }

  /** An integer between -(2^53-1) and 2^53-1, as a varint whose lowest bit is the sign. */
  signed(value: number): void {
    const magnitude = value < 0 ? -value : value;
    const sign = value < 0 ? 1 : 0;
    if ((value | 0) === value && magnitude < 0x40000000) {
      this.varint(magnitude * 2 + sign);
      return;
    }
    // Doubling the magnitude could exceed 2^53-1, so the sign goes into the first byte separately.
    if (!Number.isSafeInteger(value)) unencodable(`${value} as an integer`);
    this.byte(((magnitude % 0x40) << 1) | sign | 0x80);
    this.varint(Math.floor(magnitude / 0x40));
  }

  /** A number from 0 to 2^53-1, as its difference to a `base` that the reader knows. */
  offsetFrom(base: number, value: number): void {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) unencodable(`${value} as an unsigned integer`);
    this.signed(value - base);
  }

  /** A number, as its difference to the one expected after `previous`. */
  after(previous: number, value: number): void {
    this.offsetFrom(previous === Number.MAX_SAFE_INTEGER ? previous : previous + 1, value);
  }

  float(value: number): void {
    if (Number.isNaN(value)) unencodable('NaN');
    this.reserve(8);
    this.at = this.slab.writeDoubleLE(value, this.at);
  }

  /** A reading of a clock: a finite float. */
  clock(value: number): void {
    if (!Number.isFinite(value)) unencodable(`${value} as a clock's reading`);
    this.float(value);
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    if (this.apart !== undefined && value.length >= APART_MIN_BYTES) {
      this.apart.push({ offset: this.at - this.start, value });
      return;
    }
    this.reserve(value.length);
    this.slab.set(value, this.at);
    this.at += value.length;
  }

  string(value: string): void {
    if (value.length <= SHORT_STRING && this.shortAscii(value)) return;
    const length = Buffer.byteLength(value);
    if (length > STRING_MAX_BYTES) unencodable(`a string of ${length} bytes`);
    this.varint(length);
    this.reserve(length);
    this.at += this.slab.write(value, this.at, length, 'utf8');
  }

  /** An incarnation. */
  id(value: string): void {
    this.reserve(ID_BYTES);
    writeHexId(this.slab, this.at, value);
    this.at += ID_BYTES;
  }

  /** The digest of a body. */
  bodyDigest(value: BodyDigest): void {
    this.reserve(BODY_DIGEST_BYTES);
    writeHex(this.slab, this.at, value, 0, BODY_DIGEST_BYTES);
    this.at += BODY_DIGEST_BYTES;
  }

  /** A connection that stands by itself: its kind and its 16 bytes. */
  connectionId(value: ConnectionId): void {
    const kind = CONNECTION_KINDS.indexOf(connectionKind(value));
    if (kind < 0) unencodable('a connection of no known kind');
    this.reserve(CONNECTION_BYTES);
    this.slab[this.at] = kind;
    writeHexId(this.slab, this.at + 1, value, value.length - 2 * ID_BYTES);
    this.at += CONNECTION_BYTES;
  }

  /** The connection's place in the table, above `lowBits` bits of `low`; it follows when it is new. */
  connection(value: ConnectionId, lowBits: number, low: number): number {
    const known = this.connections.size;
    const index = this.connections.place(value);
    this.varint(index * (1 << lowBits) + low);
    if (index === known) this.connectionId(value);
    return index;
  }

  /** A method path or metadata key, in the same way. */
  name(value: string, lowBits: number, low: number): void {
    const known = this.names.size;
    const index = this.names.place(value);
    this.varint(index * (1 << lowBits) + low);
    if (index === known) this.string(value);
  }

  private shortAscii(value: string): boolean {
    this.reserve(1 + SHORT_STRING);
    const slab = this.slab;
    let at = this.at;
    slab[at++] = value.length;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return false;
      slab[at++] = unit;
    }
    this.at = at;
    return true;
  }

  private reserve(count: number): void {
    if (this.at + count > this.slab.length) {
      const needed = this.at - this.start + count;
      this.renew(needed, needed + (needed >> 1));
    }
  }

  /** Moves the encoding that was begun to a new slab. */
  private renew(needed: number, wanted: number): void {
    const small = ENVELOPE_MAX_BYTES + needed <= SLAB_BYTES;
    const slab = Buffer.allocUnsafeSlow(small ? SLAB_BYTES : ENVELOPE_MAX_BYTES + wanted);
    registerSlab(slab);
    const written = this.at - this.start;
    if (written > 0) this.slab.copy(slab, ENVELOPE_MAX_BYTES, this.start, this.at);
    this.slab = slab;
    this.taken = 0;
    this.start = ENVELOPE_MAX_BYTES;
    this.at = this.start + written;
  }

  private abandonSlab(): void {
    this.slab = Buffer.alloc(0);
    this.taken = 0;
  }
}
