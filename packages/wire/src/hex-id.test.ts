import { type ConnectionId, InvariantViolation } from '@understudy/core/internal';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { HexIdReader, writeHexId } from './hex-id.js';
import { decodeRpcRequestHeader, encodeRpcRequestHeader } from './index.js';
import { rpcRequestHeader } from './testing/arbitraries.js';

const ID = '00112233445566778899aabbccddeeff';

it('writes 32 digits as 16 bytes', () => {
  const target = Buffer.alloc(18);
  writeHexId(target, 1, ID);
  expect(target.toString('hex')).toBe(`00${ID}00`);
});

it.each(['', ID.slice(1), `${ID}0`, ID.toUpperCase(), `g${ID.slice(1)}`, `${ID.slice(1)} `, `\u0130${ID.slice(1)}`])(
  'does not write %o',
  (id) => {
    expect(() => writeHexId(Buffer.alloc(40), 0, id)).toThrow(InvariantViolation);
  },
);

it('reads back every id, though more come than it remembers', () => {
  const reader = new HexIdReader();
  const ids = Array.from({ length: 20_000 }, (_, i) => Buffer.alloc(16, `${i * 2654435761}`).toString('hex'));
  for (const id of [...ids, ...ids.toReversed()]) expect(reader.read(Buffer.from(id, 'hex'), 0)).toBe(id);
});

it('tells ids apart that share a place in its memory', () => {
  const reader = new HexIdReader();
  const swapped = ID.slice(8, 16) + ID.slice(0, 8) + ID.slice(16);
  for (const id of [ID, swapped, ID, '0'.repeat(32), '0'.repeat(32)]) {
    expect(reader.read(Buffer.from(id, 'hex'), 0)).toBe(id);
  }
});

it('decodes an id of a header that an RPC carries', () => {
  const [header] = fc.sample(rpcRequestHeader, 1);
  if (!header) throw new Error('no sample');
  const decoded = decodeRpcRequestHeader(encodeRpcRequestHeader({ ...header, connection: ID as ConnectionId }));
  expect(decoded.connection).toBe(ID);
});
