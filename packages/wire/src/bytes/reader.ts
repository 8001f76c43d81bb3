/** Reads the primitives of an encoding: numbers, texts, ids, and the tables of a frame. */
import { BODY_DIGEST_BYTES, type BodyDigest, type ConnectionId } from '@understudy/core/internal';
import { malformed } from './failure.js';
import { HexIdReader } from './hex-id.js';
import { CONNECTION_KINDS, ID_BYTES, type KindByte, STRING_MAX_BYTES, VERSION } from './layout.js';
import { ConnectionTable, StringTable } from './table.js';

const NOTHING = Buffer.alloc(0);
/** The place value of the eighth byte. A number below 2^53 has no ninth. */
const LAST_SCALE = 2 ** 49;
const hexIds = new HexIdReader();
const connectionIds = CONNECTION_KINDS.map((kind) => new HexIdReader(`${kind}:`));
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads what Writer wrote, and refuses everything else with UNDERSTUDY_MALFORMED. A second way to write the same value
 * is refused too, so that equal values have equal encodings. Reusable but not re-entrant: call `open`, read the parts,
 * call `close`.
 */
export class Reader {
  readonly connections = new ConnectionTable();
  readonly names = new StringTable();

  private source: Buffer = NOTHING;
  private at = 0;
  private entriesMax = 0;
  private entries = 0;

  /**
   * Starts on an encoding and returns its kind.
   *
   * @param entriesMax how many entries its lists have in all, at most. An entry takes a hundred times as many bytes in
   *   memory as in the encoding, so an encoding whose sender is not trusted needs a bound
   */
  open(bytes: Uint8Array, entriesMax = Number.POSITIVE_INFINITY): number {
    this.entriesMax = entriesMax;
    this.entries = 0;
    this.connections.clear();
    this.names.clear();
    this.source = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    const version = this.byte();
    if (version !== VERSION)
      malformed(
        `wire version ${version} is not known here, only ${VERSION}: upgrade the older of the two processes to a release that speaks both`,
      );
    return this.byte();
  }

  openAs(kind: KindByte, bytes: Uint8Array): void {
    const found = this.open(bytes);
    if (found !== kind) malformed(`kind ${found} where ${kind} is expected`);
  }

  /** Ends an encoding. Refuses bytes that are left over. */
  close(): void {
    const left = this.left;
    this.source = NOTHING;
    if (left !== 0) malformed(`${left} bytes too many`);
  }

  get left(): number {
    return this.source.length - this.at;
  }

  byte(): number {
    if (this.at >= this.source.length) malformed('truncated');
    return this.source[this.at++] as number;
  }

  boolean(): boolean {
    return this.flags(1) === 1;
  }

  /** A byte of flags. Refuses values above `all`. */
  flags(all: number): number {
    const value = this.byte();
    if (value > all) malformed(`unknown flags ${value}`);
    return value;
  }

  varint(): number {
    const source = this.source;
    const end = source.length;
    let at = this.at;
    if (at >= end) malformed('truncated');
    let byte = source[at++] as number;
    let value = byte & 0x7f;
    for (let scale = 0x80; byte > 0x7f; scale *= 0x80) {
      if (at >= end) malformed('truncated');
      if (scale > LAST_SCALE) malformed('number written too long');
      byte = source[at++] as number;
      if (byte === 0) malformed('number written too long');
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) malformed('number above 2^53-1');
    }
    this.at = at;
    return value;
  }

  signed(): number {
    const first = this.byte();
    let magnitude = (first & 0x7f) >> 1;
    if (first > 0x7f) {
      const rest = this.varint();
      if (rest === 0) malformed('number written too long');
      magnitude += rest * 0x40;
      if (magnitude > Number.MAX_SAFE_INTEGER) malformed('number above 2^53-1');
    }
    if ((first & 1) === 0) return magnitude;
    if (magnitude === 0) malformed('minus zero');
    return -magnitude;
  }

  /** A number from 0 to 2^53-1 that was written as its difference to `base`. */
  offsetFrom(base: number): number {
    const value = base + this.signed();
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) malformed('number out of range');
    return value;
  }

  /** A number that was written as its difference to the one expected after `previous`. */
  after(previous: number): number {
    return this.offsetFrom(previous === Number.MAX_SAFE_INTEGER ? previous : previous + 1);
  }

  /** 64 bits, little-endian; everything but NaN. */
  float(): number {
    if (this.left < 8) malformed('truncated');
    const value = this.source.readDoubleLE(this.at);
    if (Number.isNaN(value)) malformed('not a number');
    this.at += 8;
    return value;
  }

  /** A reading of a clock: a finite float. */
  clock(): number {
    const value = this.float();
    if (!Number.isFinite(value)) malformed('clock at infinity');
    return value;
  }

  /** How many entries follow. Refuses a count that the input cannot hold when each entry takes at least `itemBytes`. */
  count(itemBytes: number): number {
    const count = this.varint();
    if (count * itemBytes > this.left) malformed(`count ${count} is more than the input can hold`);
    this.entries += count;
    if (this.entries > this.entriesMax)
      malformed(`a frame of more than ${this.entriesMax} entries; send fewer at a time`);
    return count;
  }

  /** A view of the input, not a copy. */
  bytes(): Buffer {
    const length = this.varint();
    if (length > this.left) malformed('truncated');
    const start = this.at;
    this.at = start + length;
    return this.source.subarray(start, this.at);
  }

  string(): string {
    const length = this.varint();
    if (length > this.left) malformed('truncated');
    if (length > STRING_MAX_BYTES) malformed(`string of ${length} bytes`);
    const start = this.at;
    const end = start + length;
    this.at = end;
    if (isAscii(this.source, start, end)) return this.source.toString('latin1', start, end);
    try {
      return utf8.decode(this.source.subarray(start, end));
    } catch {
      return malformed('text that is not UTF-8');
    }
  }

  /** An incarnation. */
  id(): string {
    if (this.left < ID_BYTES) malformed('truncated');
    const id = hexIds.read(this.source, this.at);
    this.at += ID_BYTES;
    return id;
  }

  /** The digest of a body. */
  bodyDigest(): BodyDigest {
    if (this.left < BODY_DIGEST_BYTES) malformed('truncated');
    const start = this.at;
    this.at += BODY_DIGEST_BYTES;
    return this.source.toString('hex', start, this.at) as BodyDigest;
  }

  /** A connection that stands by itself: its kind and its 16 bytes. */
  connectionId(): ConnectionId {
    const ids = connectionIds[this.byte()] ?? malformed('a connection is of an unknown kind');
    if (this.left < ID_BYTES) malformed('truncated');
    const id = ids.read(this.source, this.at) as ConnectionId;
    this.at += ID_BYTES;
    return id;
  }

  /** The connection at this index of the table. An index equal to the table's size adds the connection that follows. */
  connection(index: number): ConnectionId {
    const table = this.connections;
    if (index < table.size) return table.at(index) as ConnectionId;
    if (index > table.size) malformed(`connection ${index} is not in the table`);
    const id = this.connectionId();
    if (table.place(id) !== index) malformed('a connection is written out twice');
    return id;
  }

  /** The name at this index of the table. An index equal to the table's size adds the name that follows. */
  name(index: number): string {
    const table = this.names;
    if (index < table.size) return table.at(index);
    if (index > table.size) malformed(`name ${index} is not in the table`);
    const name = this.string();
    if (table.place(name) !== index) malformed('name written out twice');
    return name;
  }
}

function isAscii(source: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((source[i] as number) > 0x7f) return false;
  return true;
}
