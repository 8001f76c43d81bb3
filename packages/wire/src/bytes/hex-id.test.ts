import { InvariantViolation } from '@understudy/core/internal';
import { expect, it } from 'vitest';
import { HexIdReader, writeHexId } from './hex-id.js';

const ID = '00112233445566778899aabbccddeeff';

it('writeHexId writes 32 digits as 16 bytes, and no other byte', () => {
  const target = Buffer.alloc(18);
  writeHexId(target, 1, ID);
  expect(target.toString('hex')).toBe(`00${ID}00`);
});

it.each(['', ID.slice(1), `${ID}0`, ID.toUpperCase(), `g${ID.slice(1)}`, `${ID.slice(1)} `, `\u0130${ID.slice(1)}`])(
  'writeHexId refuses %o, which is not 32 lower-case digits',
  (id) => {
    expect(() => writeHexId(Buffer.alloc(40), 0, id)).toThrow(InvariantViolation);
  },
);

it('a HexIdReader reads every id right when more come than it remembers', () => {
  const reader = new HexIdReader();
  const ids = Array.from({ length: 20_000 }, (_, i) => Buffer.alloc(16, `${i * 2654435761}`).toString('hex'));
  for (const id of [...ids, ...ids.toReversed()]) expect(reader.read(Buffer.from(id, 'hex'), 0)).toBe(id);
});

it('a HexIdReader tells ids apart that share a slot of its cache', () => {
  const reader = new HexIdReader();
  const swapped = ID.slice(8, 16) + ID.slice(0, 8) + ID.slice(16);
  for (const id of [ID, swapped, ID, '0'.repeat(32), '0'.repeat(32)]) {
    expect(reader.read(Buffer.from(id, 'hex'), 0)).toBe(id);
  }
});
