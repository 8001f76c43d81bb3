import type { ConnectionId } from '@understudy/core/internal';
import { ENVELOPE_MAX_BYTES, registerSlab, writeEnvelopeBefore } from './envelope.js';
import { unencodable } from './failure.js';
import { writeHexId } from './hex-id.js';
import { ID_BYTES, type KindByte, STRING_MAX_BYTES, VERSION } from './layout.js';
import { ConnectionTable, StringTable } from './table.js';

const SLAB_BYTES = 64 * 1024;
const VARINT_MAX_BYTES = 8;
/** Added to every estimate: names, connections, and the room that the last number asks for. */
const SLACK_BYTES = 128;
/** Longer strings are measured and written by Buffer's own code. */
const SHORT_STRING = 64;

/**
 * Writes one encoding after the other into slabs; the results are disjoint views of them and belong to the caller.
 * Reusable but not re-entrant: `begin`, the parts in their order, `finish`. An encoding that ended in an exception is
 * overwritten by the next.
 */
export class Writer {
  /** Connections and names (method paths, metadata keys) that the current encoding has written out. */
  readonly connections = new ConnectionTable();
  readonly names = new StringTable();

  private slab: Buffer = Buffer.alloc(0);
  /** Below here the slab belongs to finished encodings. */
  private taken = 0;
  private start = 0;
  private at = 0;

  /** @param estimate bytes that will be needed, more or less: a good one saves a copy of what is written */
  begin(kind: KindByte, estimate: number): void {
    this.connections.clear();
    this.names.clear();
    this.start = this.at = this.taken + ENVELOPE_MAX_BYTES;
    const needed = estimate + SLACK_BYTES;
    if (this.at + needed > this.slab.length) this.renew(needed, needed);
    this.byte(VERSION);
    this.byte(kind);
  }

  finish(): Buffer {
    writeEnvelopeBefore(this.slab, this.start, this.at);
    const encoded = this.slab.subarray(this.start, this.at);
    this.taken = this.at;
    // A large encoding owns its memory alone, so that small ones that live longer do not keep it.
    if (this.slab.length > SLAB_BYTES) this.abandonSlab();
    return encoded;
  }

  byte(value: number): void {
    this.reserve(1);
    this.slab[this.at++] = value;
  }

  boolean(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  /** An integer from 0 to 2^53-1: seven bits a byte, least significant first, the top bit says that more follow. */
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
    // Twice the magnitude may not fit into a number.
    if (!Number.isSafeInteger(value)) unencodable(`${value} as an integer`);
    this.byte(((magnitude % 0x40) << 1) | sign | 0x80);
    this.varint(Math.floor(magnitude / 0x40));
  }

  /** The difference to a base that the reader knows; both from 0 to 2^53-1. */
  offsetFrom(base: number, value: number): void {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) unencodable(`${value} as an unsigned integer`);
    this.signed(value - base);
  }

  /** A number of which the one after `previous` is expected. */
  after(previous: number, value: number): void {
    this.offsetFrom(previous === Number.MAX_SAFE_INTEGER ? previous : previous + 1, value);
  }

  float(value: number): void {
    if (Number.isNaN(value)) unencodable('NaN');
    this.reserve(8);
    this.at = this.slab.writeDoubleLE(value, this.at);
  }

  /** A reading of a clock: finite. */
  clock(value: number): void {
    if (!Number.isFinite(value)) unencodable(`${value} as a clock's reading`);
    this.float(value);
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
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

  /** A connection id or an incarnation. */
  id(value: string): void {
    this.reserve(ID_BYTES);
    writeHexId(this.slab, this.at, value);
    this.at += ID_BYTES;
  }

  /** The connection's place in the table, above `lowBits` bits of `low`; its 16 bytes follow when it is new. */
  connection(value: ConnectionId, lowBits: number, low: number): number {
    const known = this.connections.size;
    const index = this.connections.place(value);
    this.varint(index * (1 << lowBits) + low);
    if (index === known) this.id(value);
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

  /** Moves the encoding begun to a new slab. */
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
