import { createHash } from 'node:crypto';
import type { OrderNum, Term } from '@understudy/core';
import type { NestedCaller, Request, SeqNum } from '@understudy/core/internal';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyDigest, decodeRequest, encodeRequest } from '../index.js';
import { request } from '../testing/arbitraries.js';

describe('the digest of a body', () => {
  const caller: NestedCaller = {
    ...{ client: 'shop/1', term: 1 as Term, settledUpTo: 0 as OrderNum },
    id: { orderNum: 3 as OrderNum, index: 0 },
  };
  const base: Request = {
    method: '/bank.Bank/Set',
    message: Buffer.from('a'),
    metadata: [['user', 'x']],
    deadlineMs: 1000,
    key: 'k',
    nested: caller,
  };

  it('has 20 bytes, as hexadecimal text', () => {
    expect(bodyDigest(base)).toMatch(/^[0-9a-f]{40}$/);
  });

  it.each<[string, Partial<Request>]>([
    ['the method', { method: '/bank.Bank/AdminSet' }],
    ['the message', { message: Buffer.from('b') }],
    ['a value of the metadata', { metadata: [['user', 'y']] }],
    ['whether a value is text or bytes', { metadata: [['user', Buffer.from('x')]] }],
    ['the deadline', { deadlineMs: 1001 }],
    ['the idempotency key', { key: 'l' }],
    ['the place in a stream', { stream: { kind: 'end', of: 1 as SeqNum, position: 1 } }],
    ['the caller', { nested: { ...caller, term: 2 as Term } }],
    [
      'a reply of another group',
      { reply: { to: { orderNum: 3 as OrderNum, index: 0 }, outcome: { kind: 'reply', code: 0, details: '' } } },
    ],
  ])('changes with %s', (_, change) => {
    expect(bodyDigest({ ...base, ...change })).not.toBe(bodyDigest(base));
  });

  it('is the same before and after a request travelled', () => {
    fc.assert(
      fc.property(request, (one) => {
        expect(bodyDigest(decodeRequest(encodeRequest(one)))).toBe(bodyDigest(one));
      }),
    );
  });

  it.each([65_535, 65_536, 1_000_000])(
    'is the SHA-256 of the request by itself, with a message of %d bytes',
    (bytes) => {
      const one: Request = { ...base, message: Buffer.alloc(bytes, 'ab') };
      const whole = createHash('sha256').update(encodeRequest(one)).digest('hex');
      expect(bodyDigest(one)).toBe(whole.slice(0, 40));
    },
  );

  it('does not depend on what was digested before, however large', () => {
    const before = bodyDigest(base);
    bodyDigest({ ...base, message: Buffer.alloc(1_000_000) });
    expect(bodyDigest(base)).toBe(before);
  });
});
