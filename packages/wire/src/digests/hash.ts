/** The hash behind every digest of a message. */
/** From this length on a view that reads whole words pays off. */
const VIEW_MIN_BYTES = 256;
const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

/**
 * xxHash32: fast, well mixed, not cryptographic.
 *
 * @param seed 32 bits; the hash of one part as the seed of the next hashes a sequence of parts
 * @returns an unsigned 32-bit integer
 */
export function hash32(bytes: Uint8Array, seed = 0): number {
  const length = bytes.length;
  const inStripes = length - (length % 16);
  let hash = inStripes > 0 ? stripes(bytes, inStripes, seed) : (seed + PRIME_5) | 0;
  hash = (hash + length) | 0;
  let at = inStripes;
  for (; at + 4 <= length; at += 4) {
    hash = Math.imul(rotate(hash + Math.imul(word(bytes, at), PRIME_3), 17), PRIME_4);
  }
  for (; at < length; at++) {
    hash = Math.imul(rotate(hash + Math.imul(bytes[at] as number, PRIME_5), 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function stripes(bytes: Uint8Array, end: number, seed: number): number {
  if (end >= VIEW_MIN_BYTES) return longStripes(new DataView(bytes.buffer, bytes.byteOffset, end), end, seed);
  let a = (seed + PRIME_1 + PRIME_2) | 0;
  let b = (seed + PRIME_2) | 0;
  let c = seed | 0;
  let d = (seed - PRIME_1) | 0;
  for (let at = 0; at < end; at += 16) {
    a = round(a, word(bytes, at));
    b = round(b, word(bytes, at + 4));
    c = round(c, word(bytes, at + 8));
    d = round(d, word(bytes, at + 12));
  }
  return (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
}

/** Hashes long inputs. A view reads a word at once; without it 64 MiB would hold the event loop for 60 ms longer. */
function longStripes(words: DataView, end: number, seed: number): number {
  let a = (seed + PRIME_1 + PRIME_2) | 0;
  let b = (seed + PRIME_2) | 0;
  let c = seed | 0;
  let d = (seed - PRIME_1) | 0;
  for (let at = 0; at < end; at += 16) {
    a = round(a, words.getInt32(at, true));
    b = round(b, words.getInt32(at + 4, true));
    c = round(c, words.getInt32(at + 8, true));
    d = round(d, words.getInt32(at + 12, true));
  }
  return (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
}

const round = (lane: number, input: number): number => Math.imul(rotate(lane + Math.imul(input, PRIME_2), 13), PRIME_1);

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);
