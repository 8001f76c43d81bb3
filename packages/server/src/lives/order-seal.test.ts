import { randomBytes } from 'node:crypto';
import type { OrderNum, Term } from '@understudy/core';
import {
  type BodyDigest,
  connectionId,
  type OrderInfo,
  type SealedOrders,
  type SeqNum,
} from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { AesOrderSeal } from './order-seal.js';

const SECRET = 'of the record';
const TERM = 3 as Term;
const MINE = connectionId('session', 'a'.repeat(32));
const OTHER = connectionId('session', 'b'.repeat(32));

const BODY = 'b0'.repeat(20) as BodyDigest;

const order = (orderNum: number): OrderInfo => ({
  ...{ kind: 'call', term: TERM, connection: OTHER, seqNum: 7 as SeqNum, body: BODY, peer: '10.1.2.3:4444' },
  orderNum: orderNum as OrderNum,
  timeMs: 1_764_000_000_000 + orderNum,
});
const ORDERS: [OrderInfo, OrderInfo] = [order(8), order(9)];

const sealOf = (...secrets: Uint8Array[]) => new AesOrderSeal({ group: 'bank', secrets: () => secrets });
const seal = sealOf();
const sealed = seal.seal(SECRET, MINE, TERM, ORDERS);

describe('orders that a client carries', () => {
  it('are opened by every replica of the group', () => {
    expect(sealed).toMatchObject({ term: 3, first: 8, last: 9 });
    expect(sealOf().open(SECRET, MINE, sealed)).toEqual(ORDERS);
  });

  it('show nothing of other clients', () => {
    const bytes = Buffer.from(sealed.box);
    for (const secret of ['10.1.2.3', 'b'.repeat(32)]) expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(Buffer.from('b'.repeat(32), 'hex'))).toBe(false);
  });

  const altered = (change: Partial<SealedOrders>): SealedOrders => ({ ...sealed, ...change });
  const flipped = (at: number): Uint8Array => Buffer.from(sealed.box).fill((sealed.box.at(at) ?? 0) ^ 1, at, at + 1);

  it.each([
    ['of another session', OTHER, sealed],
    ['of another term', MINE, altered({ term: 4 as Term })],
    ['at another place', MINE, altered({ first: 9 as OrderNum, last: 10 as OrderNum })],
    ['that claim to be more', MINE, altered({ last: 10 as OrderNum })],
    ['with another nonce', MINE, altered({ box: flipped(0) })],
    ['with another text', MINE, altered({ box: flipped(14) })],
    ['with another tag', MINE, altered({ box: flipped(sealed.box.length - 1) })],
    ['that are cut short', MINE, altered({ box: sealed.box.subarray(0, 27) })],
    ['that are empty', MINE, altered({ box: new Uint8Array(0) })],
    ['that are made up', MINE, altered({ box: randomBytes(sealed.box.length) })],
  ])('are refused if they are those %s', (_, connection, forged) => {
    expect(seal.open(SECRET, connection, forged)).toBeUndefined();
  });

  it('are refused by another group, and under another secret', () => {
    expect(new AesOrderSeal({ group: 'shop', secrets: () => [] }).open(SECRET, MINE, sealed)).toBeUndefined();
    expect(seal.open('of another record', MINE, sealed)).toBeUndefined();
    expect(sealOf(randomBytes(16)).open(SECRET, MINE, sealed)).toBeUndefined();
  });

  it('are opened while the shared secret is renewed', () => {
    const [old, renewed] = [randomBytes(16), randomBytes(16)];
    const before = sealOf(old).seal(SECRET, MINE, TERM, ORDERS);
    const after = sealOf(renewed, old).seal(SECRET, MINE, TERM, ORDERS);
    expect(sealOf(renewed, old).open(SECRET, MINE, before)).toEqual(ORDERS);
    expect(sealOf(old, renewed).open(SECRET, MINE, after)).toEqual(ORDERS);
    expect(sealOf(renewed).open(SECRET, MINE, before)).toBeUndefined();
  });

  it('are opened by a replica that has not asked for its secrets since the new one came', () => {
    const [old, renewed] = [randomBytes(16), randomBytes(16)];
    const late = new AesOrderSeal({ group: 'bank', secrets: (afresh) => (afresh ? [old, renewed] : [old]) });
    expect(late.open(SECRET, MINE, sealOf(renewed).seal(SECRET, MINE, TERM, ORDERS))).toEqual(ORDERS);
    expect(late.open(SECRET, MINE, sealOf(randomBytes(16)).seal(SECRET, MINE, TERM, ORDERS))).toBeUndefined();
  });

  it('never have the same nonce twice', () => {
    const nonces = Array.from({ length: 1_000 }, () =>
      Buffer.from(seal.seal(SECRET, MINE, TERM, ORDERS).box.subarray(0, 12)).toString('hex'),
    );
    expect(new Set(nonces).size).toBe(1_000);
  });
});
