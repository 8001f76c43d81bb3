/** Converts ids and digests of bodies: text of hexadecimal digits everywhere but on the wire. */
import { unencodable } from './failure.js';
import { ID_BYTES } from './layout.js';

const CACHED_IDS = 4096;
const INVALID = 0x80;

const NIBBLE = new Uint8Array(256).fill(INVALID);
for (let digit = 0; digit < 16; digit++) NIBBLE[digit.toString(16).charCodeAt(0)] = digit;

/**
 * Writes an id of 32 lower-case hexadecimal digits as its 16 bytes. The caller has reserved the room.
 *
 * @param from where the digits begin in `id`; they extend to its end
 */
export function writeHexId(target: Buffer, at: number, id: string, from = 0): void {
  writeHex(target, at, id, from, ID_BYTES);
}

/** Writes lower-case hexadecimal digits as so many bytes. The caller has reserved the room. */
export function writeHex(target: Buffer, at: number, text: string, from: number, bytes: number): void {
  let invalid = text.length === from + 2 * bytes ? 0 : INVALID;
  for (let i = 0; i < bytes; i++) {
    const first = text.charCodeAt(from + 2 * i);
    const second = text.charCodeAt(from + 2 * i + 1);
    const high = NIBBLE[first & 0xff] as number;
    const low = NIBBLE[second & 0xff] as number;
    invalid |= high | low | (((first | second) >> 8) << 4);
    target[at + i] = (high << 4) | low;
  }
  if (invalid >= 16) unencodable(`an id that is not ${2 * bytes} lower-case hexadecimal digits`);
}

/**
 * Reads 16 bytes as hexadecimal text. Ids serve as Map keys and come again with every frame, so the reader remembers
 * recent ones in a direct-mapped cache of fixed size. A remembered id is the same string object each time.
 */
export class HexIdReader {
  private readonly words = new Int32Array(4 * CACHED_IDS);
  private readonly texts: string[] = new Array(CACHED_IDS).fill('');
  private readonly prefix: string;

  /** @param prefix the text in front of the digits */
  constructor(prefix = '') {
    this.prefix = prefix;
  }

  /** Reads the 16 bytes at `at`. The caller has checked that they are there. */
  read(source: Buffer, at: number): string {
    const a = int32(source, at);
    const b = int32(source, at + 4);
    const c = int32(source, at + 8);
    const d = int32(source, at + 12);
    const mixed = a ^ b ^ c ^ d;
    const slot = (mixed ^ (mixed >>> 16)) & (CACHED_IDS - 1);
    const words = this.words;
    const known = this.texts[slot] as string;
    const w = 4 * slot;
    if (known !== '' && words[w] === a && words[w + 1] === b && words[w + 2] === c && words[w + 3] === d) return known;
    const text = this.prefix + source.toString('hex', at, at + ID_BYTES);
    words[w] = a;
    words[w + 1] = b;
    words[w + 2] = c;
    words[w + 3] = d;
    this.texts[slot] = text;
    return text;
  }
}

function int32(source: Buffer, at: number): number {
  return (
    (source[at] as number) |
    ((source[at + 1] as number) << 8) |
    ((source[at + 2] as number) << 16) |
    ((source[at + 3] as number) << 24)
  );
}
