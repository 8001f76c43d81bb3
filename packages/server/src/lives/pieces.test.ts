import { PIECE_BYTES } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { inPieces, whole } from './pieces.js';

async function cut(...lengths: number[]): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of inPieces(chunks(lengths))) pieces.push(piece);
  return pieces;
}

function* chunks(lengths: readonly number[]): Generator<Uint8Array> {
  let next = 0;
  for (const length of lengths) yield Uint8Array.from({ length }, () => next++ & 0xff);
}

const lengthsOf = (pieces: readonly Uint8Array[]): number[] => pieces.map(({ length }) => length);

describe('a state that is copied in chunks', () => {
  it('travels in pieces of one size, however large its chunks are, and comes back whole', async () => {
    const pieces = await cut(10, 0, 2 * PIECE_BYTES, 7);
    expect(lengthsOf(pieces)).toEqual([PIECE_BYTES, PIECE_BYTES, 17]);
    const together = await whole(pieces);
    expect(together).toHaveLength(2 * PIECE_BYTES + 17);
    expect(together.every((byte, i) => byte === (i & 0xff))).toBe(true);
  });

  it('is cut without a copy where a chunk is large', async () => {
    const bytes = new Uint8Array(3 * PIECE_BYTES);
    const pieces: Uint8Array[] = [];
    for await (const piece of inPieces([bytes])) pieces.push(piece);
    expect(pieces.map(({ buffer }) => buffer)).toEqual([bytes.buffer, bytes.buffer, bytes.buffer]);
  });

  it('may be empty', async () => {
    expect(await cut()).toEqual([]);
    expect(await whole([])).toHaveLength(0);
  });

  it('is refused when a chunk is no bytes', async () => {
    const pieces = inPieces(['text' as unknown as Uint8Array]);
    await expect(pieces.next()).rejects.toThrow('state.checkpoint() gave a chunk that is string');
  });
});
