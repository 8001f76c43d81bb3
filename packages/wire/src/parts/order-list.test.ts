import type { OrderNum, Term } from '@understudy/core';
import {
  type BodyDigest,
  type ConnectionId,
  callOrderAt,
  connectionId,
  type OrderInfo,
  type PromiseFrame,
  type SeqNum,
} from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../bytes/layout.js';
import { decodePeerFrame, encodePeerFrame } from '../index.js';

const connection = (n: number): ConnectionId => connectionId('session', n.toString(16).padStart(32, '0'));

const body = '0123456789abcdef0123456789abcdef01234567' as BodyDigest;
const BODY = [...Buffer.from(body, 'hex')];

const order = (term: number, orderNum: number, connectionNumber: number, seqNum: number, timeMs = 0): OrderInfo =>
  callOrderAt(term as Term, orderNum as OrderNum, timeMs, {
    ...{ kind: 'call', connection: connection(connectionNumber), seqNum: seqNum as SeqNum, body },
  });

const promise = (orders: OrderInfo[]): PromiseFrame => ({
  kind: 'promise',
  term: 1 as Term,
  completedUpTo: 0 as OrderNum,
  orders,
  bodies: [],
});
const sizeOf = (orders: OrderInfo[]): number => encodePeerFrame(promise(orders)).length;
const range = <T>(count: number, item: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => item(i));

describe('a run of orders', () => {
  it('costs two bytes an order and a digest, whatever its term and numbers', () => {
    const run = (length: number) => range(length, (i) => order(7, 1e12 + i, i % 4, 1e9 + Math.floor(i / 4)));
    expect(sizeOf(run(104)) - sizeOf(run(4))).toBe((2 + BODY.length) * 100);
  });

  it('costs less than three bytes an order and a digest with more than 32 connections', () => {
    const run = (length: number) => range(length, (i) => order(7, 1 + i, i % 1000, 5 + Math.floor(i / 1000)));
    expect((sizeOf(run(3000)) - sizeOf(run(1000))) / 2000).toBeLessThan(3 + BODY.length);
  });

  it('costs no more for the time of orders of one millisecond, and a byte more for each later one', () => {
    const run = (length: number, stepMs: number) =>
      range(length, (i) => order(7, 1 + i, 1, 1 + i, 1_764_000_000_000 + i * stepMs));
    expect(sizeOf(run(104, 0)) - sizeOf(run(4, 0))).toBe((2 + BODY.length) * 100);
    expect(sizeOf(run(104, 1)) - sizeOf(run(4, 1))).toBe((3 + BODY.length) * 100);
    expect(sizeOf(run(104, 63)) - sizeOf(run(4, 63))).toBe((3 + BODY.length) * 100);
    expect(sizeOf(run(104, 8191)) - sizeOf(run(4, 8191))).toBe((4 + BODY.length) * 100);
    expect(sizeOf(run(4, 0)) - sizeOf(range(4, (i) => order(7, 1 + i, 1, 1 + i)))).toBe(6);
  });

  it('writes out each connection once', () => {
    expect(sizeOf([order(1, 1, 1, 1), order(1, 2, 1, 2)]) - sizeOf([order(1, 1, 1, 1)])).toBe(2 + BODY.length);
    expect(sizeOf([order(1, 1, 1, 1), order(1, 2, 2, 1)]) - sizeOf([order(1, 1, 1, 1)])).toBe(2 + BODY.length + 17);
  });
});

describe('a list of orders', () => {
  it('comes back as it was when terms change, orderNums jump or step back, and numbers reach the ends of their range', () => {
    const MAX = Number.MAX_SAFE_INTEGER;
    const orders = [
      order(1, 5, 1, 10, MAX),
      order(1, 6, 1, 9),
      order(2, 7, 2, 1, 5),
      order(2, 9, 1, 0, 5),
      order(1, 1, 1, MAX),
      order(MAX, MAX, 2, MAX),
      order(MAX, MAX, 2, 0),
      order(0, 0, 2, MAX),
    ];
    expect(decodePeerFrame(encodePeerFrame(promise(orders)))).toStrictEqual(promise(orders));
  });

  it('comes back as it was with thousands of connections', () => {
    const orders = range(5000, (i) => order(1, 1 + i, (i * 7) % 3001, i));
    expect(decodePeerFrame(encodePeerFrame(promise(orders)))).toStrictEqual(promise(orders));
  });
});

const HEAD = [VERSION, 0x26, 0, 0];
const END = [0, 0];
const id = (last: number) => [0, ...new Array(15).fill(0), last];
const decode = (...bytes: number[]) => decodePeerFrame(Uint8Array.from([...HEAD, ...bytes]));

describe('the decoder of a list of orders', () => {
  it('takes the bytes that the cases below change', () => {
    expect(decode(1, 2, 0, 0, ...id(1), 0, ...BODY, ...END)).toStrictEqual({
      ...promise([order(1, 1, 1, 1)]),
      term: 0,
    });
  });

  it('refuses a run that is written in two parts', () => {
    expect(() => decode(1, 2, 0, 0, ...id(1), 0, ...BODY, 1, 0, 0, 0, 0, ...END)).toThrow(
      'a run of orders written in two parts',
    );
  });

  it('refuses a connection that is written out twice', () => {
    expect(() => decode(2, 2, 0, 0, ...id(1), 0, ...BODY, 4, ...id(1), 0, ...END)).toThrow(
      'a connection is written out twice',
    );
  });

  it('refuses a connection that is not in the table', () => {
    expect(() => decode(1, 2, 0, 4, ...id(1), 0, ...END)).toThrow('connection 1 is not in the table');
  });

  it('takes the time of an order, and refuses one that is below zero or repeats the last', () => {
    expect(decode(1, 2, 0, 2, ...id(1), 10, 0, ...BODY, ...END)).toMatchObject({ orders: [{ timeMs: 5 }] });
    expect(() => decode(1, 2, 0, 2, ...id(1), 3, 0, ...BODY, ...END)).toThrow('out of range');
    expect(() => decode(1, 2, 0, 2, ...id(1), 0, 0, ...BODY, ...END)).toThrow('repeats the time of the one before');
  });

  it('refuses a seqNum below zero', () => {
    expect(() => decode(1, 2, 0, 0, ...id(1), 0x05, ...END)).toThrow('out of range');
  });

  it('refuses a run that the input is too short for, before it allocates anything', () => {
    expect(() => decode(0xff, 0xff, 0xff, 0xff, 0x0f, 2, 0)).toThrow('more than the input can hold');
  });
});

/** The digest 0xffffffff, written as one more; and a digest of 33 bits. */
const TWO_TO_32 = [0x80, 0x80, 0x80, 0x80, 0x10];
const TWO_TO_32_AND_1 = [0x81, 0x80, 0x80, 0x80, 0x10];

it('refuses an order whose body has a digest of another length', () => {
  const short = { ...order(1, 1, 1, 1), body: body.slice(2) } as OrderInfo;
  expect(() => encodePeerFrame(promise([short]))).toThrow('an id that is not 40 lower-case hexadecimal digits');
  expect(() => decode(1, 2, 0, 0, ...id(1), 0, ...BODY.slice(3), ...END)).toThrow('truncated');
});

describe('the decoder of an order with a byte of flags', () => {
  const CALL = 0;
  const VOID = 1;
  const EXPIRE = 2;
  const ABANDON = 3;
  const CANCEL = 4;
  const PEER_OR_END = 0b1000;
  const CHANGE = 0b10000;
  const ITEM_DIGESTS = 0b100000;
  const DIGESTS_STATE = 0b10000000;
  const CAREFUL = 0b1000000;
  /** seqNum 1, and seqNum 0, as the difference to what is expected first. */
  const SEQ_1 = 0;
  const SEQ_0 = 3;
  const BARE_VOIDED = 0b1000000;

  const withFlags = (flags: number, seqNum: number, ...rest: number[]) =>
    decode(1, 2, 0, 1, ...id(1), flags, seqNum, ...rest, ...END);
  const orderOf = (flags: number, seqNum: number, ...rest: number[]) => {
    const frame = withFlags(flags, seqNum, ...rest);
    return frame.kind === 'promise' ? frame.orders[0] : undefined;
  };

  it('takes each kind with the flags and the numbers that belong to it', () => {
    expect(orderOf(PEER_OR_END, SEQ_1, ...BODY, 1, 0x70)).toMatchObject({ kind: 'call', seqNum: 1, peer: 'p' });
    expect(orderOf(ITEM_DIGESTS, SEQ_1, ...BODY, 3, 0, 1, ...TWO_TO_32)).toMatchObject({
      determinants: { kind: 'itemDigests', digests: [undefined, 0, 0xffff_ffff] },
    });
    expect(orderOf(VOID, SEQ_1, BARE_VOIDED)).toMatchObject({ kind: 'void', seqNum: 1, outcome: { kind: 'voided' } });
    expect(orderOf(EXPIRE, SEQ_0)).toStrictEqual({
      ...{ term: 1, orderNum: 1, timeMs: 0, connection: connection(1), kind: 'expire' },
    });
    expect(orderOf(ABANDON, SEQ_1)).toMatchObject({ kind: 'abandon', seqNum: 1 });
    expect(orderOf(CANCEL | PEER_OR_END, SEQ_1, 2, 0)).toMatchObject({ kind: 'cancel', stream: 1, end: { after: 2 } });
  });

  it('refuses flags that are all off', () => {
    expect(() => withFlags(CALL, SEQ_1)).toThrow('UNDERSTUDY_MALFORMED: an order has a byte of flags that are all off');
  });

  it.each([5, 6, 7])('refuses the unknown kind %i', (kind) => {
    expect(() => withFlags(kind, SEQ_1)).toThrow('UNDERSTUDY_MALFORMED: unknown kind of an order');
  });

  it.each([
    ['a void', VOID, 'peer', PEER_OR_END],
    ['a void', VOID, 'change', CHANGE],
    ['a void', VOID, 'itemDigests', ITEM_DIGESTS],
    ['an expire', EXPIRE, 'peer', PEER_OR_END],
    ['an expire', EXPIRE, 'change', CHANGE],
    ['an expire', EXPIRE, 'itemDigests', ITEM_DIGESTS],
    ['a void', VOID, 'careful', CAREFUL],
    ['the end of a connection', EXPIRE, 'careful', CAREFUL],
    ['an abandon', ABANDON, 'careful', CAREFUL],
    ['an abandon', ABANDON, 'peer', PEER_OR_END],
    ['an abandon', ABANDON, 'change', CHANGE],
    ['an abandon', ABANDON, 'itemDigests', ITEM_DIGESTS],
    ['a cancel', CANCEL, 'change', CHANGE],
    ['a cancel', CANCEL, 'itemDigests', ITEM_DIGESTS],
    ['a cancel with an end', CANCEL | PEER_OR_END, 'change', CHANGE],
  ])('refuses on %s (%i) the flag of a call: %s', (_kind, kind, _flag, flag) => {
    expect(() => withFlags(kind | flag, kind === EXPIRE ? SEQ_0 : SEQ_1, 0, 0, 0)).toThrow(
      `UNDERSTUDY_MALFORMED: unknown flags ${kind | flag} of an order`,
    );
  });

  it('refuses the flag of a call on a void before which the state is digested, too', () => {
    expect(() => withFlags(VOID | DIGESTS_STATE | CAREFUL, SEQ_1, 0, 0, 0)).toThrow(
      `UNDERSTUDY_MALFORMED: unknown flags ${VOID | CAREFUL} of an order`,
    );
  });

  it('refuses the end of a connection with a seqNum', () => {
    expect(() => withFlags(EXPIRE, SEQ_1)).toThrow('UNDERSTUDY_MALFORMED: the end of a connection has the seqNum 1');
  });

  it('refuses a call with both kinds of determinants', () => {
    expect(() => withFlags(CHANGE | ITEM_DIGESTS, SEQ_1, ...BODY, 0, 0)).toThrow(
      'UNDERSTUDY_MALFORMED: an order has two kinds of determinants',
    );
  });

  it('refuses a digest of more than 32 bits', () => {
    expect(() => withFlags(ITEM_DIGESTS, SEQ_1, ...BODY, 1, ...TWO_TO_32_AND_1)).toThrow(
      'UNDERSTUDY_MALFORMED: digest of more than 32 bits',
    );
  });

  it('refuses an outcome that is not a reply as the status with which a stream was ended', () => {
    expect(() => withFlags(CANCEL | PEER_OR_END, SEQ_1, 2, BARE_VOIDED)).toThrow(
      'UNDERSTUDY_MALFORMED: voided in place of a reply',
    );
  });
});
