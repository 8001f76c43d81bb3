/** Arbitrary whole frames and RPC headers. */
import { ERROR_CODES, type ErrorCode, type Release } from '@understudy/core';
import type {
  ClientSettings,
  PeerFrame,
  ReplyFrame,
  RpcReplyHeader,
  RpcRequestHeader,
  SessionFrame,
  WelcomeFrame,
} from '@understudy/core/internal';
import * as fc from 'fast-check';
import type { PeerHello } from '../frames/peer-hello.js';
import type { PeerChallenge } from '../frames/peer-proof.js';
import { connectionOf, SECRET_BYTES } from '../parts/secret.js';
import { orders } from './orders.js';
import { outcome, outcomeKind } from './outcomes.js';
import {
  ask,
  body,
  checkpointHead,
  clientRequest,
  groupRecord,
  item,
  namedBody,
  piece,
  place,
  replicaHeader,
  sealed,
  sessionHeader,
  view,
} from './parts.js';
import {
  address,
  clock,
  connectionId,
  count,
  digest,
  list,
  maybe,
  member,
  orderNum,
  REQUIRED,
  seqNum,
  term,
  text,
  withOptional,
} from './values.js';

/** The secret of the session whose frames these are. */
export const SECRET = Buffer.alloc(SECRET_BYTES, 7);

export const sessionFrame: fc.Arbitrary<SessionFrame> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('hello' as const),
      group: text,
      connection: fc.constant(connectionOf(SECRET)),
      fresh: fc.boolean(),
      term,
      repliesSeenUpTo: seqNum,
      sentAtMs: clock,
      settings: count,
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
      kind: fc.constant('backupReads' as const),
      term,
      after: orderNum,
      reads: list(fc.record({ readId: count, request: clientRequest }, REQUIRED), 3),
    },
    REQUIRED,
  ),
  fc.record(
    {
      kind: fc.constant('collected' as const),
      term,
      orders: sealed,
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

const release = fc.constantFrom<Release>('concurrent', 'acknowledged');
const settings: fc.Arbitrary<ClientSettings> = fc.record(
  {
    release,
    pendingSourceOrderMax: count,
    nullMessageMs: count,
    batchMs: count,
    methods: list(
      fc.record(
        {
          service: text,
          method: text,
          readOnly: fc.boolean(),
          oneWay: fc.boolean(),
          waitsForOthers: fc.boolean(),
          release: maybe(release),
        },
        REQUIRED,
      ),
    ),
    unreplicated: list(text),
  },
  REQUIRED,
);

export const replyFrame: fc.Arbitrary<ReplyFrame> = fc.oneof(
  withOptional<Omit<WelcomeFrame, 'settings'>, { settings: ClientSettings }>(
    {
      kind: fc.constant('welcome' as const),
      replica: member,
      view,
      receivedUpTo: seqNum,
      heartbeatMs: clock,
      reflect: fc.boolean(),
      sessionMs: clock,
    },
    { settings },
  ),
  fc.record(
    {
      kind: fc.constant('settings' as const),
      term,
      reflect: fc.boolean(),
      sessionMs: clock,
      sessionBytes: count,
      settings,
    },
    REQUIRED,
  ),
  fc.record(
    {
      kind: fc.constant('backupAnswers' as const),
      answers: list(fc.record({ readId: count, outcome, orderNum }, REQUIRED), 3),
      elsewhere: list(count, 3),
    },
    REQUIRED,
  ),
  fc.record(
    {
      kind: fc.constant('replies' as const),
      header: replicaHeader,
      replies: list(
        fc.tuple(fc.record({ seqNum, outcome }, REQUIRED), place).map(([reply, at]) => ({ ...reply, ...at })),
      ),
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
      stateDigest: maybe(fc.record({ orderNum, value: text }, REQUIRED)),
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
      toldUpTo: orderNum,
      afresh: fc.boolean(),
      registered: list(connectionId),
      unregistered: list(connectionId),
      byCopy: fc.boolean(),
      divergedAt: maybe(orderNum),
      statesEqualUpTo: orderNum,
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
  fc.record(
    { kind: fc.constant('promise' as const), term, completedUpTo: orderNum, orders, bodies: list(body) },
    REQUIRED,
  ),
  withOptional({ kind: fc.constant('join' as const), member, address }, { peerAddress: address }),
  fc.record(
    { kind: fc.constant('checkpoint' as const), term, copy: count, join: fc.boolean(), head: checkpointHead },
    REQUIRED,
  ),
  fc.record({ kind: fc.constant('piece' as const), term, copy: count, index: count, piece }, REQUIRED),
  fc.record(
    {
      kind: fc.constant('pieceAck' as const),
      term,
      copy: count,
      upTo: count,
      answer: fc.constantFrom('receives' as const, 'done' as const, 'damaged' as const),
    },
    REQUIRED,
  ),
  fc.record({ kind: fc.constant('busy' as const), term, forMs: count }, REQUIRED),
  fc.record({ kind: fc.constant('busyHeard' as const), term }, REQUIRED),
  fc.record({ kind: fc.constant('noCheckpoint' as const), term, reason: fc.string() }, REQUIRED),
);

export const rpcRequestHeader: fc.Arbitrary<RpcRequestHeader> = fc.record(
  { connection: fc.constant(connectionOf(SECRET)), seqNum, awaitStable: fc.boolean(), header: sessionHeader },
  REQUIRED,
);

export const rpcReplyHeader: fc.Arbitrary<RpcReplyHeader> = fc
  .tuple(fc.record({ outcome: outcomeKind, header: replicaHeader }, REQUIRED), place)
  .map(([reply, at]) => ({ ...reply, ...at }));

const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
const bytes32 = bytesOf(32);
const liveness = fc.record({ address, ticket: bytesOf(16), key: bytes32 }, REQUIRED);
export const peerHello: fc.Arbitrary<PeerHello> = withOptional(
  { group: text, member, address },
  { peerAddress: address, liveness },
);
export const peerProof = bytes32;
export const peerChallenge: fc.Arbitrary<PeerChallenge> = fc.record({ group: text, member, nonce: bytes32 }, REQUIRED);
