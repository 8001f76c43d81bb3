/** Arbitrary parts of frames: requests, outcomes, items of streams, views, records, checkpoints and headers. */
import type { GroupRecord, OrderNum } from '@understudy/core';
import type {
  Body,
  CallSnapshot,
  CheckpointHead,
  CheckpointRecords,
  Deaths,
  DueTimer,
  MetadataEntries,
  NestedCaller,
  NestedId,
  NestedReply,
  Piece,
  ReplicaHeader,
  Request,
  SealedOrders,
  SessionHeader,
  StreamAsk,
  StreamItem,
  StreamPart,
  View,
} from '@understudy/core/internal';
import { NO_ORDER } from '@understudy/core/internal';
import * as fc from 'fast-check';
import { outcome, reply, streamEnd } from './outcomes.js';
import {
  address,
  bytes,
  clock,
  connectionId,
  count,
  digest,
  epoch,
  incarnation,
  list,
  maybe,
  member,
  metadata,
  orderNum,
  REQUIRED,
  replicaId,
  seqNum,
  term,
  text,
  withOptional,
} from './values.js';

const part: fc.Arbitrary<StreamPart> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const) }, REQUIRED),
  fc.record({ kind: fc.constantFrom('message' as const, 'end' as const), of: seqNum, position: count }, REQUIRED),
  fc.record({ kind: fc.constant('cancel' as const), of: seqNum }, REQUIRED),
  fc.record(
    { kind: fc.constant('credit' as const), taken: list(fc.record({ of: seqNum, upTo: count }, REQUIRED)) },
    REQUIRED,
  ),
);

const nestedId: fc.Arbitrary<NestedId> = fc.record({ orderNum, index: count }, REQUIRED);
export const caller: fc.Arbitrary<NestedCaller> = withOptional<
  Omit<NestedCaller, 'owner' | 'proof' | 'received'>,
  { owner: string; proof: Uint8Array; received: number }
>({ client: text, term, id: nestedId, settledUpTo: orderNum }, { owner: text, proof: bytes, received: count });
/** Anything that a client may say of a calling group: everything except the owner of the name. */
export const clientCaller: fc.Arbitrary<NestedCaller> = caller.map(({ owner: _, ...rest }) => rest);
const nestedReply: fc.Arbitrary<NestedReply> = fc.record({ to: nestedId, outcome: reply }, REQUIRED);

const dueTimer: fc.Arbitrary<DueTimer> = fc.oneof(
  fc.record({ kind: fc.constant('raw' as const), id: nestedId }, REQUIRED),
  fc.record({ kind: fc.constant('after' as const), id: nestedId, name: text }, REQUIRED),
  fc.record({ kind: fc.constant('every' as const), name: text }, REQUIRED),
);

export const request: fc.Arbitrary<Request> = withOptional<
  Pick<Request, 'method' | 'message'>,
  {
    metadata: MetadataEntries;
    deadlineMs: number;
    key: string;
    stream: StreamPart;
    nested: NestedCaller;
    reply: NestedReply;
    timer: DueTimer;
  }
>(
  { method: fc.oneof(fc.constantFrom('/bank.v1.Bank/Transfer', '/bank.v1.Bank/GetBalance'), text), message: bytes },
  {
    metadata,
    deadlineMs: fc.double({ noNaN: true }),
    key: text,
    stream: part,
    nested: caller,
    reply: nestedReply,
    timer: dueTimer,
  },
);

/**
 * Anything that a client may send: everything except a reply, the name of an idempotency key, and the owner of a
 * caller's name.
 */
export const clientRequest: fc.Arbitrary<Request> = fc
  .tuple(request, clientCaller)
  .map(([{ reply: _, key: __, timer: ___, nested, ...rest }, caller]) => ({
    ...rest,
    ...(nested && { nested: caller }),
  }));

export const item: fc.Arbitrary<StreamItem> = fc.oneof(
  fc.record({ kind: fc.constant('metadata' as const), entries: metadata }, REQUIRED),
  fc.record({ kind: fc.constant('message' as const), message: bytes }, REQUIRED),
  fc.record({ kind: fc.constant('window' as const), upTo: count }, REQUIRED),
  fc.record({ kind: fc.constant('status' as const), outcome: streamEnd }, REQUIRED),
);
export const ask: fc.Arbitrary<StreamAsk> = fc.record(
  { of: seqNum, received: count, awaitStable: fc.boolean() },
  REQUIRED,
);

export const namedBody = { connection: connectionId, seqNum };
export const body: fc.Arbitrary<Body> = fc.record({ ...namedBody, request }, REQUIRED);

export const view: fc.Arbitrary<View> = fc
  .record(
    {
      term,
      epoch,
      primary: maybe(replicaId),
      members: list(fc.tuple(member, fc.oneof(address, fc.constant(''))), 4),
      adoptedThrough: list(fc.record({ term, through: orderNum }, REQUIRED), 3),
    },
    REQUIRED,
  )
  .map(({ members, ...rest }) => ({
    ...rest,
    inSync: members.map(([one]) => one),
    addresses: members.map(([, where]) => where),
  }));

const addresses = (minLength: number) =>
  fc
    .array(fc.tuple(fc.oneof(text, fc.constantFrom('__proto__', '2', '10', 'bank-1')), address), {
      minLength,
      maxLength: 4,
    })
    .map((entries): Record<string, string> => Object.fromEntries(entries));

const replication = fc.constantFrom('semi-active' as const, 'passive' as const);
export const leadership = fc.record({ settings: text, version: text, replication }, REQUIRED);

const deaths: fc.Arbitrary<Deaths> = fc.record(
  {
    unjudged: fc.boolean(),
    unexplained: fc.nat(),
    careUntilMs: fc.nat(),
    suspects: list(fc.record({ message: text, deaths: fc.nat() }, REQUIRED), 4),
    poisoned: list(
      fc.record(
        { orderNum, term: fc.nat(), deaths: fc.nat(), method: text, digest: text, refusedUntilMs: fc.nat() },
        REQUIRED,
      ),
      4,
    ),
  },
  REQUIRED,
);

export const groupRecord: fc.Arbitrary<GroupRecord> = withOptional(
  {
    version: fc.constant(1 as const),
    group: text,
    origin: incarnation,
    secret: text,
    epoch,
    term,
    primary: member,
    inSync: list(member, 4),
    addresses: addresses(0),
    adoptedThrough: list(fc.record({ term, through: orderNum }, REQUIRED), 4),
    settings: text,
    code: list(fc.record({ term, version: text, replication }, REQUIRED), 4),
    forced: fc.boolean(),
    ended: fc.boolean(),
  },
  { peerAddresses: addresses(1), deaths },
);

export const checkpointHead: fc.Arbitrary<CheckpointHead> = fc.record(
  { orderNum, term, timeMs: count, digest, expiredForgotten: fc.boolean() },
  REQUIRED,
);

const records: fc.Arbitrary<CheckpointRecords> = fc.record(
  {
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
          owner: maybe(text),
          term,
          settledUpTo: orderNum,
          calls: list(
            withOptional<Omit<CallSnapshot, 'stream'>, Required<Pick<CallSnapshot, 'stream'>>>(
              { id: nestedId, requestDigest: digest, outcome },
              { stream: fc.record({ connection: connectionId, seqNum }, REQUIRED) },
            ),
            3,
          ),
        },
        REQUIRED,
      ),
      2,
    ),
    keyed: list(fc.record({ key: text, requestDigest: digest, outcome }, REQUIRED), 4),
    expired: list(connectionId),
    armed: list(fc.record({ id: nestedId, name: text, payload: bytes, dueMs: count, delayMs: count }, REQUIRED), 3),
    fired: list(fc.record({ name: text, lastMs: count }, REQUIRED), 3),
  },
  REQUIRED,
);

export const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ kind: fc.constant('records' as const), records }, REQUIRED),
  fc.record({ kind: fc.constant('state' as const), bytes }, REQUIRED),
  fc.record({ kind: fc.constant('end' as const), digest: fc.string() }, REQUIRED),
);

export const sealed: fc.Arbitrary<SealedOrders[]> = list(
  fc
    .record({ term, first: fc.nat(1_000), more: fc.nat(70), box: bytes }, REQUIRED)
    .map(({ term, first, more, box }) => ({
      ...{ term, box: Buffer.from(box) },
      ...{ first: first as OrderNum, last: (first + more) as OrderNum },
    })),
  3,
);

/** A reply that is stable names no place. */
export const place = fc.oneof(
  fc.constant({ stable: true, orderNum: NO_ORDER }),
  orderNum.map((orderNum) => ({ stable: false, orderNum })),
);

export const sessionHeader: fc.Arbitrary<SessionHeader> = fc.record(
  { term, sentAtMs: clock, repliesSeenUpTo: seqNum, destOrderInfo: sealed, closing: fc.boolean() },
  REQUIRED,
);

export const replicaHeader: fc.Arbitrary<ReplicaHeader> = withOptional<Omit<ReplicaHeader, 'view'>, { view: View }>(
  { term, sourceOrderInfo: sealed, stableUpTo: orderNum, heartbeatMs: clock },
  { view },
);
