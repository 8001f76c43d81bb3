import type { OrderNum, Term } from '@understudy/core';
import { InvariantViolation, type SeqNum } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { encodePeerFrame, encodeReplyFrame } from '../index.js';
import { Kind, VERSION } from './layout.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

const MAX = Number.MAX_SAFE_INTEGER;
const EDGES = [
  0,
  1,
  0x3f,
  0x40,
  0x7f,
  0x80,
  2 ** 29,
  2 ** 30 - 1,
  2 ** 30,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 49,
  MAX,
];

const writer = new Writer();
const reader = new Reader();

function written(write: (w: Writer) => void): Uint8Array {
  writer.begin(Kind.outcome, 0);
  write(writer);
  return writer.finish();
}

function read<T>(bytes: Uint8Array, part: (r: Reader) => T): T {
  reader.open(bytes);
  const value = part(reader);
  reader.close();
  return value;
}

const readBytes = <T>(bytes: number[], part: (r: Reader) => T): T =>
  read(Uint8Array.of(VERSION, Kind.outcome, ...bytes), part);

it.each(EDGES)('a varint of %d, and a signed number of it with either sign, come back as they were', (value) => {
  expect(
    read(
      written((w) => w.varint(value)),
      (r) => r.varint(),
    ),
  ).toBe(value);
  for (const signed of [value, 0 - value]) {
    expect(
      read(
        written((w) => w.signed(signed)),
        (r) => r.signed(),
      ),
    ).toBe(signed);
  }
});

it.each([0, 1, 500, MAX - 1, MAX])(
  'every number comes back from its difference to the one expected after %d',
  (previous) => {
    for (const value of EDGES) {
      expect(
        read(
          written((w) => w.after(previous, value)),
          (r) => r.after(previous),
        ),
      ).toBe(value);
    }
  },
);

it('a varint takes no more bytes than its value needs', () => {
  const size = (value: number) => written((w) => w.varint(value)).length - 2;
  expect([0x7f, 0x80, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 49 - 1, MAX].map(size)).toEqual([1, 2, 4, 5, 5, 7, 8]);
});

it.each([
  ['2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], 'above 2^53-1'],
  ['nine bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], 'too long'],
  ['a thousand bytes', [...new Array(999).fill(0x80), 1], 'too long'],
  ['a zero at the end', [0x80, 0x00], 'too long'],
  ['no end', [0x80], 'truncated'],
])('the reader refuses a varint of %s', (_, bytes, reason) => {
  expect(() => readBytes(bytes, (r) => r.varint())).toThrow(
    `UNDERSTUDY_MALFORMED: ${reason.startsWith('above') ? 'number ' : ''}`,
  );
  expect(() => readBytes(bytes, (r) => r.varint())).toThrow(reason);
});

it('the reader refuses minus zero', () => {
  expect(() => readBytes([0x01], (r) => r.signed())).toThrow('minus zero');
});

it.each([Number.MAX_VALUE, 5e-324, -0, 0.1 + 0.2, 1764.000001, -1e9])(
  'a clock that reads %d comes back exactly',
  (value) => {
    expect(
      read(
        written((w) => w.clock(value)),
        (r) => r.clock(),
      ),
    ).toBe(value);
  },
);

it('the reader refuses a clock that is not a number or infinite', () => {
  const double = (value: number) => [...new Uint8Array(new Float64Array([value]).buffer)];
  expect(() => readBytes(double(Number.NaN), (r) => r.clock())).toThrow('not a number');
  expect(() => readBytes(double(Number.POSITIVE_INFINITY), (r) => r.clock())).toThrow('infinity');
});

describe('an encoder', () => {
  const nack = (seqNum: number) => () => encodeReplyFrame({ kind: 'nack', seqNums: [seqNum as SeqNum] });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'throws InvariantViolation for the seqNum %d',
    (value) => {
      expect(nack(value)).toThrow(InvariantViolation);
    },
  );

  it.each([-1, 0.5, 200.5, Number.NaN, 2 ** 53])('throws InvariantViolation for the orderNum %d', (value) => {
    const frame = { kind: 'nack', term: 1 as Term, ordersAfter: value as OrderNum, bodies: [] } as const;
    expect(() => encodePeerFrame(frame)).toThrow(InvariantViolation);
  });

  it('encodes the next value as usual after it threw', () => {
    const good = Buffer.from(nack(7)());
    expect(nack(-1)).toThrow(InvariantViolation);
    expect(Buffer.compare(nack(7)(), good)).toBe(0);
  });
});
