/** Arbitrary numbers, texts, ids and metadata: ordinary ones mostly, and the ends of every range. */
import type { Epoch, Incarnation, Member, OrderNum, ReplicaId, Term } from '@understudy/core';
import {
  BODY_DIGEST_BYTES,
  type BodyDigest,
  type ConnectionId,
  type ConnectionKind,
  connectionId as connectionIdOf,
  type MetadataEntries,
  type SeqNum,
} from '@understudy/core/internal';
import * as fc from 'fast-check';

export const MAX = Number.MAX_SAFE_INTEGER;
export const REQUIRED = { noNullPrototype: true };

export const count = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300) },
  { weight: 1, arbitrary: fc.maxSafeNat() },
  { weight: 1, arbitrary: fc.constantFrom(0, 0x7f, 0x80, 2 ** 31, 2 ** 32 - 1, 2 ** 32, MAX) },
);
export const term = count as fc.Arbitrary<Term>;
export const epoch = count as fc.Arbitrary<Epoch>;
export const orderNum = count as fc.Arbitrary<OrderNum>;
export const seqNum = count as fc.Arbitrary<SeqNum>;
export const digest = fc.oneof(fc.nat(0xffffffff), fc.integer(), fc.maxSafeInteger());
export const clock = fc.double({ noNaN: true, noDefaultInfinity: true });
export const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
/** Unicode without lone surrogates, which no UTF-8 can carry. */
export const text = fc.oneof(fc.string({ unit: 'grapheme-ascii', maxLength: 90 }), fc.string({ unit: 'binary' }));

const anyId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => Buffer.from(array).toString('hex'));
const fewIds = fc.constantFrom('00000000000000000000000000000000', 'ffffffffffffffffffffffffffffffff', 'c'.repeat(32));
const connectionKind = fc.constantFrom<ConnectionKind>('session', 'session', 'plain', 'group');
export const connectionId: fc.Arbitrary<ConnectionId> = fc
  .tuple(connectionKind, fc.oneof(fewIds, anyId))
  .map(([kind, hex]) => connectionIdOf(kind, hex));
export const bodyDigest = fc
  .uint8Array({ minLength: BODY_DIGEST_BYTES, maxLength: BODY_DIGEST_BYTES })
  .map((array) => Buffer.from(array).toString('hex')) as fc.Arbitrary<BodyDigest>;
export const incarnation = anyId as fc.Arbitrary<Incarnation>;
export const replicaId = text as fc.Arbitrary<ReplicaId>;
export const member: fc.Arbitrary<Member> = fc.record({ id: replicaId, incarnation }, REQUIRED);

export const address = fc
  .tuple(
    fc.oneof(fc.stringMatching(/^[a-z0-9.-]{1,60}$/), fc.constantFrom('[::1]', '127.0.0.1')),
    fc.integer({ min: 1, max: 65_535 }),
  )
  .map(([host, port]) => `${host}:${port}`);

export const list = <T>(item: fc.Arbitrary<T>, maxLength = 6) => fc.array(item, { maxLength });
export const maybe = <T>(item: fc.Arbitrary<T>) => fc.option(item, { nil: undefined });

export const metadata: fc.Arbitrary<MetadataEntries> = list(
  fc.tuple(fc.oneof(fc.constantFrom('authorization', 'user-agent', 'x-bin'), text), fc.oneof(text, bytes)),
  4,
);

/** An object with some of the optional properties, never one that is there and undefined. */
export function withOptional<Required, Optional>(
  required: { [K in keyof Required]: fc.Arbitrary<Required[K]> },
  optional: { [K in keyof Optional]: fc.Arbitrary<Optional[K]> },
): fc.Arbitrary<Required & Partial<Optional>> {
  const requiredKeys = Object.keys(required);
  return fc.record({ ...required, ...optional }, { ...REQUIRED, requiredKeys } as never) as never;
}
