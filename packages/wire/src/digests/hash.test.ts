import type { Reply } from '@understudy/core/internal';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeOutcome, encodeOutcome, hash32, outcomeDigest } from '../index.js';
import { outcome } from '../testing/arbitraries.js';

const PRIME = 0x9e3779b1;

/** The bytes of xxHash's own sanity check. */
function sanityBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let generator = BigInt(PRIME);
  for (let i = 0; i < length; i++) {
    bytes[i] = Number(generator >> 56n);
    generator = BigInt.asUintN(64, generator * 11400714785074694797n);
  }
  return bytes;
}

describe('hash32', () => {
  it.each([
    [0, 0, 0x02cc5d05],
    [0, PRIME, 0x36b78ae7],
    [1, 0, 0xcf65b03e],
    [1, PRIME, 0xb4545aa4],
    [4, 0, 0xa9de7ce9],
    [14, 0, 0x1208e7e2],
    [14, PRIME, 0x6af1d1fe],
    [15, 0, 0x6b859e14],
    [16, 0, 0x93ba3759],
    [17, 0, 0x89fdc23e],
    [32, 0, 0xd89829ec],
    [100, PRIME, 0x83d48124],
    [222, 0, 0x5bd11dbd],
    [222, PRIME, 0x58803c5f],
    [4161, 0, 0xacf41462],
  ])('gives the xxHash32 of %d bytes with seed %d', (length, seed, expected) => {
    expect(hash32(sanityBytes(length), seed)).toBe(expected);
  });

  it.each([1, 2, 3, 5])('is the same for a long view that begins %d bytes into its memory', (offset) => {
    const memory = Buffer.alloc(5_000);
    memory.set(sanityBytes(4161), offset);
    expect(hash32(memory.subarray(offset, offset + 4161))).toBe(0xacf41462);
  });

  it('gives the xxHash32 of text', () => {
    expect(hash32(Buffer.from('abc'))).toBe(0x32d153ff);
  });
});

describe('outcomeDigest', () => {
  const base: Reply = {
    kind: 'reply',
    code: 3,
    details: 'no',
    initialMetadata: [['a', 'b']],
    message: Buffer.from('reply'),
    trailers: [['c-bin', Buffer.from('d')]],
  };

  it.each<[string, Partial<Reply>]>([
    ['code', { code: 4 }],
    ['details', { details: 'yes' }],
    ['an initial value', { initialMetadata: [['a', 'c']] }],
    ['an initial key', { initialMetadata: [['ab', '']] }],
    ['the presence of initial metadata', { initialMetadata: [] }],
    [
      'an entry more',
      {
        initialMetadata: [
          ['a', 'b'],
          ['', ''],
        ],
      },
    ],
    ['the message', { message: Buffer.from('reply2') }],
    ['an empty message', { message: Buffer.alloc(0) }],
    ['a trailer', { trailers: [['c-bin', Buffer.from('e')]] }],
    [
      'trailers in the place of initial metadata',
      { initialMetadata: base.trailers ?? [], trailers: base.initialMetadata ?? [] },
    ],
  ])('changes with %s', (_, change) => {
    expect(outcomeDigest({ ...base, ...change })).not.toBe(outcomeDigest(base));
  });

  it.each(['initialMetadata', 'message', 'trailers'] as const)('changes with the absence of %s', (property) => {
    const { [property]: _, ...rest } = base;
    expect(outcomeDigest(rest)).not.toBe(outcomeDigest(base));
  });

  it('differs for every outcome that is not a reply', () => {
    const kinds = ['voided', 'abandoned', 'accepted', 'streamed', 'unknownStream', 'waits'] as const;
    const digests = [...kinds.map((kind) => outcomeDigest({ kind })), outcomeDigest(base)];
    expect(new Set(digests).size).toBe(kinds.length + 1);
  });

  it('is the same whether values are texts or bytes, and whatever view holds the bytes', () => {
    const wide = new Uint8Array(20).fill(1);
    wide.set(Buffer.from('reply'), 7);
    const other: Reply = {
      ...base,
      initialMetadata: [['a', Buffer.from('b')]],
      message: wide.subarray(7, 12),
      trailers: [['c-bin', 'd']],
    };
    expect(outcomeDigest(other)).toBe(outcomeDigest(base));
  });

  it('is the same before and after an outcome travelled, and has 32 bits', () => {
    fc.assert(
      fc.property(outcome, (value) => {
        const digest = outcomeDigest(value);
        expect(outcomeDigest(decodeOutcome(encodeOutcome(value)))).toBe(digest);
        expect(digest >>> 0).toBe(digest);
      }),
    );
  });
});
