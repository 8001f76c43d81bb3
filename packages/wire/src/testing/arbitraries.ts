import type { Epoch, ErrorCode, GroupRecord, Incarnation, Member, OrderNum, ReplicaId, Term } from '@understudy/core';
import { ERROR_CODES } from '@understudy/core';
import type {
  Body,
  Checkpoint,
  ConnectionId,
  MetadataEntries,
  NestedCaller,
  NestedId,
  NestedReply,
  OrderInfo,
  OrderKind,
  Outcome,
  PeerFrame,
  ReplicaHeader,
  ReplyFrame,
  Request,
  RpcReplyHeader,
  RpcRequestHeader,
  SeqNum,
  SessionFrame,
  SessionHeader,
  StreamItem,
  StreamPart,
  View,
} from '@understudy/core/internal';
import * as fc from 'fast-check';
import type { PeerHello } from '../peer-hello.js';

/** Arbitrary values of everything that travels: ordinary ones mostly, and the ends of every range. */

const MAX = Number.MAX_SAFE_INTEGER;
const REQUIRED = { noNullPrototype: true };

const count = fc.oneof(
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
export const connectionId = fc.oneof(fewIds, anyId) as fc.Arbitrary<ConnectionId>;
export const incarnation = anyId as fc.Arbitrary<Incarnation>;
export const replicaId = text as fc.Arbitrary<ReplicaId>;
export const member: fc.Arbitrary<Member> = fc.record({ id: replicaId, incarnation }, REQUIRED);

const list = <T>(item: fc.Arbitrary<T>, maxLength = 6) => fc.array(item, { maxLength });
const maybe = <T>(item: fc.Arbitrary<T>) => fc.option(item, { nil: undefined });

export const metadata: fc.Arbitrary<MetadataEntries> = list(
  fc.tuple(fc.oneof(fc.constantFrom('authorization', 'user-agent', 'x-bin'), text), fc.oneof(text, bytes)),
  4,
);

/** An object with some of the optional properties, never one that is there and undefined. */
function withOptional<Required, Optional>(
  required: { [K in keyof Required]: fc.Arbitrary<Required[K]> },
  optional: { [K in keyof Optional]: fc.Arbitrary<Optional[K]> },
): fc.Arbitrary<Required & Partial<Optional>> {
  const requiredKeys = Object.keys(required);
  return fc.record({ ...required, ...optional }, { ...REQUIRED, requiredKeys } as never) as never;
}

const part: fc.Arbitrary<StreamPart> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const) }, REQUIRED),
  fc.record({ kind: fc.constantFrom('message' as const, 'end' as const), of: seqNum, position: count }, REQUIRED),
  fc.record({ kind: fc.constant('cancel' as const), of: seqNum }, REQUIRED),
  fc.record(
    { kind: fc.constant('credit' as const), taken: list(fc.record({ of: seqNum, upTo: count }, REQUIRED)) },
    REQUIRED,
  ),
);

export const outcome: fc.Arbitrary<Outcome> = withOptional<
  Pick<Outcome, 'code' | 'details'>,
  { initialMetadata: MetadataEntries; message: Uint8Array; trailers: MetadataEntries }
>(
  { code: fc.oneof(fc.integer({ min: -1, max: 16 }), fc.maxSafeInteger()), details: fc.oneof(fc.constant(''), text) },
  { initialMetadata: metadata, message: bytes, trailers: metadata },
);

const nestedId: fc.Arbitrary<NestedId> = fc.record({ orderNum, index: count }, REQUIRED);
export const caller: fc.Arbitrary<NestedCaller> = fc.record(
  { client: text, term, id: nestedId, settledUpTo: orderNum },
  REQUIRED,
);
const nestedReply: fc.Arbitrary<NestedReply> = fc.record({ to: nestedId, outcome }, REQUIRED);

export const request: fc.Arbitrary<Request> = withOptional<
  Pick<Request, 'method' | 'message'>,
  {
    metadata: MetadataEntries;
    deadlineMs: number;
    key: string;
    stream: StreamPart;
    nested: NestedCaller;
    reply: NestedReply;
  }
>(
  { method: fc.oneof(fc.constantFrom('/bank.v1.Bank/Transfer', '/bank.v1.Bank/GetBalance'), text), message: bytes },
  { metadata, deadlineMs: fc.double({ noNaN: true }), key: text, stream: part, nested: caller, reply: nestedReply },
);

/** What a client may send: anything but a reply. */
const clientRequest: fc.Arbitrary<Request> = request.map(({ reply: _, ...rest }) => rest);

const item: fc.Arbitrary<StreamItem> = fc.oneof(
  fc.record({ kind: fc.constant('metadata' as const), entries: metadata }, REQUIRED),
  fc.record({ kind: fc.constant('message' as const), message: bytes }, REQUIRED),
  fc.record({ kind: fc.constant('window' as const), upTo: count }, REQUIRED),
  fc.record({ kind: fc.constant('status' as const), outcome }, REQUIRED),
);
const ask = fc.record({ of: seqNum, received: count, awaitStable: fc.boolean() }, REQUIRED);

const orderKind = fc.constantFrom<OrderKind>('call', 'void', 'expire', 'abandon', 'cancel');

export const orderInfo: fc.Arbitrary<OrderInfo> = withOptional<
  Pick<OrderInfo, 'term' | 'orderNum' | 'connection' | 'seqNum' | 'kind'>,
  { peer: string; determinants: Uint8Array; outcome: Outcome }
>({ term, orderNum, connection: connectionId, seqNum, kind: orderKind }, { peer: text, determinants: bytes, outcome });

/** What a primary issues: consecutive orderNums in one term, few connections, seqNums that mostly grow by one. */
const run: fc.Arbitrary<OrderInfo[]> = fc
  .record({ term: fc.nat(9), from: fc.nat(1000), step: fc.array(fc.tuple(connectionId, fc.nat(3)), { maxLength: 40 }) })
  .map(({ term, from, step }) =>
    step.map(([connection, gap], i) => ({
      term: term as Term,
      orderNum: (from + i) as OrderNum,
      connection,
      seqNum: (from + i + gap) as SeqNum,
      kind: 'call',
    })),
  );

export const orders: fc.Arbitrary<OrderInfo[]> = fc.oneof(
  run,
  list(orderInfo),
  fc.tuple(run, list(orderInfo, 3), run).map((parts) => parts.flat()),
);

const namedBody = { connection: connectionId, seqNum };
export const body: fc.Arbitrary<Body> = fc.record({ ...namedBody, request }, REQUIRED);

export const view: fc.Arbitrary<View> = fc.record(
  {
    term,
    epoch,
    primary: maybe(replicaId),
    inSync: list(member, 4),
    adoptedThrough: list(fc.record({ term, through: orderNum }, REQUIRED), 3),
  },
  REQUIRED,
);

export const groupRecord: fc.Arbitrary<GroupRecord> = fc.record(
  {
    version: fc.constant(1 as const),
    group: text,
    origin: incarnation,
    epoch,
    term,
    primary: member,
    inSync: list(member, 4),
    addresses: fc
      .array(fc.tuple(fc.oneof(text, fc.constantFrom('__proto__', '2', '10', 'bank-1')), text), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
    adoptedThrough: list(fc.record({ term, through: orderNum }, REQUIRED), 4),
    forced: fc.boolean(),
  },
  REQUIRED,
);

export const checkpoint: fc.Arbitrary<Checkpoint> = fc.record(
  {
    orderNum,
    term,
    digest,
    state: bytes,
    connections: list(
      fc.record(
        {
          connection: connectionId,
          repliesSeenUpTo: seqNum,
          peer: maybe(text),
          outcomes: list(fc.tuple(seqNum, outcome), 4),
          streams: list(fc.record({ stream: seqNum, takenUpTo: count, items: list(item, 3) }, REQUIRED), 2),
        },
        REQUIRED,
      ),
    ),
    callers: list(
      fc.record(
        {
          client: text,
          term,
          settledUpTo: orderNum,
          calls: list(fc.record({ id: nestedId, requestDigest: digest, outcome }, REQUIRED), 3),
        },
        REQUIRED,
      ),
      2,
    ),
    keyed: list(fc.record({ key: text, requestDigest: digest, outcome }, REQUIRED), 4),
    expired: list(connectionId),
    expiredForgotten: fc.boolean(),
  },
  REQUIRED,
);

export const sessionHeader: fc.Arbitrary<SessionHeader> = fc.record(
  { term, sentAtMs: clock, repliesSeenUpTo: seqNum, destOrderInfo: orders, closing: fc.boolean() },
  REQUIRED,
);

export const replicaHeader: fc.Arbitrary<ReplicaHeader> = withOptional<Omit<ReplicaHeader, 'view'>, { view: View }>(
  { term, sourceOrderInfo: orders, stableUpTo: orderNum, heartbeatMs: clock },
  { view },
);

export const sessionFrame: fc.Arbitrary<SessionFrame> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('hello' as const),
      group: text,
      connection: connectionId,
      fresh: fc.boolean(),
      term,
      repliesSeenUpTo: seqNum,
      sentAtMs: clock,
    },
    REQUIRED,
  ),
  fc.record(
    {
      kind: fc.constant('multicast' as const),
      header: sessionHeader,
      requests: list(fc.record({ seqNum, request: clientRequest, awaitStable: fc.boolean() }, REQUIRED)),
      reads: list(fc.record({ readId: count, request: clientRequest }, REQUIRED), 3),
      streams: list(ask, 3),
    },
    REQUIRED,
  ),
  fc.record(
    {
      kind: fc.constant('collected' as const),
      term,
      orders,
      retained: list(seqNum),
      outstanding: list(seqNum),
      streams: list(ask, 3),
      sentUpTo: seqNum,
      repliesSeenUpTo: seqNum,
      sentAtMs: clock,
    },
    REQUIRED,
  ),
  fc.record({ kind: fc.constant('goodbye' as const) }, REQUIRED),
);

export const replyFrame: fc.Arbitrary<ReplyFrame> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('welcome' as const),
      replica: member,
      view,
      receivedUpTo: seqNum,
      heartbeatMs: clock,
      reflect: fc.boolean(),
      sessionMs: clock,
    },
    REQUIRED,
  ),
  fc.record(
    {
      kind: fc.constant('replies' as const),
      header: replicaHeader,
      replies: list(fc.record({ seqNum, outcome, stable: fc.boolean() }, REQUIRED)),
      reads: list(fc.record({ readId: count, outcome, stable: fc.boolean() }, REQUIRED), 3),
      items: list(fc.record({ stream: seqNum, index: count, item, stable: fc.boolean() }, REQUIRED), 4),
    },
    REQUIRED,
  ),
  fc.record({ kind: fc.constant('newTerm' as const), view, collect: fc.boolean() }, REQUIRED),
  fc.record({ kind: fc.constant('nack' as const), seqNums: list(seqNum) }, REQUIRED),
  fc.record(
    {
      kind: fc.constant('refused' as const),
      code: fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[])),
      reason: text,
    },
    REQUIRED,
  ),
);

export const peerFrame: fc.Arbitrary<PeerFrame> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('announce' as const),
      term,
      sentAtMs: clock,
      stableUpTo: orderNum,
      orders,
      bodies: list(body),
      digest: maybe(fc.record({ orderNum, value: digest }, REQUIRED)),
    },
    REQUIRED,
  ),
  fc.record(
    {
      kind: fc.constant('ack' as const),
      term,
      heartbeatMs: clock,
      heldUpTo: orderNum,
      processedUpTo: orderNum,
      afresh: fc.boolean(),
      registered: list(connectionId),
      unregistered: list(connectionId),
      divergedAt: maybe(orderNum),
      leaving: fc.boolean(),
    },
    REQUIRED,
  ),
  fc.record(
    {
      kind: fc.constant('nack' as const),
      term,
      ordersAfter: maybe(orderNum),
      bodies: list(fc.record(namedBody, REQUIRED)),
    },
    REQUIRED,
  ),
  fc.record({ kind: fc.constant('bodies' as const), bodies: list(body) }, REQUIRED),
  fc.record(
    { kind: fc.constant('newTerm' as const), record: groupRecord, collect: fc.boolean(), heldUpTo: orderNum },
    REQUIRED,
  ),
  fc.record({ kind: fc.constant('promise' as const), term, orders, bodies: list(body) }, REQUIRED),
  fc.record({ kind: fc.constant('join' as const), member, address: text }, REQUIRED),
  fc.record({ kind: fc.constant('checkpoint' as const), term, checkpoint, join: fc.boolean() }, REQUIRED),
);

export const rpcRequestHeader: fc.Arbitrary<RpcRequestHeader> = fc.record(
  { connection: connectionId, seqNum, awaitStable: fc.boolean(), header: sessionHeader },
  REQUIRED,
);

export const rpcReplyHeader: fc.Arbitrary<RpcReplyHeader> = fc.record(
  { stable: fc.boolean(), header: replicaHeader },
  REQUIRED,
);

export const peerHello: fc.Arbitrary<PeerHello> = fc.record(
  { group: text, member, address: text, configDigest: digest },
  REQUIRED,
);
