/**
 * One fixed value of everything that travels, with every kind of order, outcome, stream part and item among them.
 * `testdata/v2` holds their bytes. Do not change a value: add one.
 */
import type { Epoch, GroupRecord, Incarnation, Leadership, Member, OrderNum, ReplicaId, Term } from '@understudy/core';
import type {
  Body,
  CallOrder,
  CheckpointHead,
  CheckpointRecords,
  ClientSettings,
  NestedCaller,
  NestedReply,
  OrderInfo,
  Outcome,
  PeerFrame,
  ReplicaHeader,
  Reply,
  ReplyFrame,
  Request,
  RpcReplyHeader,
  RpcRequestHeader,
  SealedOrders,
  SeqItem,
  SeqNum,
  SessionFrame,
  SessionHeader,
  StreamAsk,
  View,
} from '@understudy/core/internal';
import { callOrderAt, connectionId } from '@understudy/core/internal';
import { bodyDigest } from '../digests/body-digest.js';
import type { PeerHello } from '../frames/peer-hello.js';
import type { PeerChallenge } from '../frames/peer-proof.js';
import { connectionOf } from '../parts/secret.js';

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
const seq = (n: number): SeqNum => n as SeqNum;
const order = (n: number): OrderNum => n as OrderNum;
const term = (n: number): Term => n as Term;

const session = connectionId('session', '000102030405060708090a0b0c0d0e0f');
const plain = connectionId('plain', '101112131415161718191a1b1c1d1e1f');
const group = connectionId('group', '202122232425262728292a2b2c2d2e2f');

const member: Member = {
  id: 'bank-1' as ReplicaId,
  incarnation: 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf' as Incarnation,
};
const other: Member = {
  id: 'bank-2' as ReplicaId,
  incarnation: 'b0b1b2b3b4b5b6b7b8b9babbbcbdbebf' as Incarnation,
};

const reply: Reply = {
  kind: 'reply',
  code: 5,
  details: 'no such account',
  initialMetadata: [['x-trace', 'a']],
  message: hex('0801'),
  trailers: [['x-hint-bin', hex('ff00')]],
};
const ok: Reply = { kind: 'reply', code: 0, details: '' };
const outcomes: readonly Outcome[] = [
  reply,
  { kind: 'voided' },
  { kind: 'abandoned' },
  { kind: 'accepted' },
  { kind: 'streamed' },
  { kind: 'unknownStream' },
  { kind: 'waits' },
];

const caller: NestedCaller = {
  client: 'shop/c0c1c2c3c4c5c6c7c8c9cacbcccdcecf',
  term: term(7),
  id: { orderNum: order(300), index: 2 },
  settledUpTo: order(290),
};
const nestedReply: NestedReply = { to: { orderNum: order(300), index: 2 }, outcome: ok };

const request: Request = {
  method: '/bank.v1.Bank/Transfer',
  message: hex('0a0141'),
  metadata: [
    ['authorization', 'Bearer x'],
    ['x-id-bin', hex('01')],
    ['authorization', 'y'],
  ],
  deadlineMs: 1_764_000_000_000,
  key: 'key-1',
  nested: caller,
};
const { key: _key, ...keyless } = request;
const bare: Request = { method: '/bank.v1.Bank/Transfer', message: hex('0a0142') };
const streamed: readonly Request[] = [
  { method: '/chat.v1.Chat/Talk', message: hex(''), stream: { kind: 'open' } },
  { method: '', message: hex('0a01'), stream: { kind: 'message', of: seq(3), position: 1 } },
  { method: '', message: hex(''), stream: { kind: 'end', of: seq(3), position: 2 } },
  { method: '', message: hex(''), stream: { kind: 'cancel', of: seq(3) } },
  { method: '', message: hex(''), stream: { kind: 'credit', taken: [{ of: seq(3), upTo: 32 }] } },
];

const asks: readonly StreamAsk[] = [{ of: seq(3), received: 32, awaitStable: true }];
const items: readonly SeqItem[] = [
  { stream: seq(3), index: 1, item: { kind: 'metadata', entries: [['x-trace', 'a']] }, stable: false },
  { stream: seq(3), index: 2, item: { kind: 'message', message: hex('0802') }, stable: true },
  { stream: seq(3), index: 0, item: { kind: 'window', upTo: 2 }, stable: true },
  { stream: seq(3), index: 3, item: { kind: 'status', outcome: reply }, stable: false },
  { stream: seq(9), index: 1, item: { kind: 'status', outcome: { kind: 'unknownStream' } }, stable: true },
];

const TIME_MS = 1_764_000_000_000;
const call = (orderNum: number, seqNum: number, more: Partial<CallOrder> = {}): CallOrder =>
  callOrderAt(term(4), order(orderNum), TIME_MS + orderNum, {
    ...{ kind: 'call', connection: session, seqNum: seq(seqNum), body: bodyDigest(bare), ...more },
  });
const orders: readonly OrderInfo[] = [
  call(42, 1),
  call(43, 2, { peer: '10.0.0.1:5000', digestsState: true }),
  call(44, 3, { determinants: { kind: 'change', change: hex('c0ffee') }, careful: true }),
  call(45, 4, { determinants: { kind: 'itemDigests', digests: [undefined, 0, 0xffff_ffff] } }),
  {
    term: term(4),
    orderNum: order(46),
    timeMs: TIME_MS,
    connection: plain,
    kind: 'void',
    seqNum: seq(1),
    outcome: { kind: 'voided' },
  },
  { term: term(4), orderNum: order(47), timeMs: TIME_MS, connection: plain, kind: 'abandon', seqNum: seq(2) },
  { term: term(4), orderNum: order(48), timeMs: TIME_MS, connection: group, kind: 'expire' },
  { term: term(5), orderNum: order(50), timeMs: TIME_MS, connection: session, kind: 'cancel', stream: seq(3) },
  {
    ...{ term: term(5), orderNum: order(51), timeMs: TIME_MS, connection: session, kind: 'cancel', stream: seq(9) },
    end: { status: reply, after: 2 },
    careful: true,
  },
];

const view: View = {
  term: term(5),
  epoch: 9 as Epoch,
  primary: member.id,
  inSync: [member, other],
  addresses: ['10.0.0.1:50051', ''],
  adoptedThrough: [{ term: term(5), through: order(49) }],
};
const record: GroupRecord = {
  version: 1,
  group: 'bank',
  origin: member.incarnation,
  secret: 'c2VjcmV0',
  epoch: 9 as Epoch,
  term: term(5),
  primary: member,
  inSync: [member, other],
  addresses: { 'bank-1': '10.0.0.1:50051', 'bank-2': '10.0.0.2:50051' },
  peerAddresses: { 'bank-2': '10.0.0.2:50052' },
  adoptedThrough: [{ term: term(5), through: order(49) }],
  settings: '{"leaseMs":300}',
  code: [
    { term: term(1), version: 'bank@1.0.0', replication: 'passive' },
    { term: term(4), version: 'bank@1.1.0', replication: 'semi-active' },
  ],
  forced: false,
  ended: false,
  deaths: {
    unjudged: false,
    unexplained: 1,
    careUntilMs: 1_700_000_030_000,
    suspects: [{ message: '/bank.Bank/Deposit 0badc0de', deaths: 1 }],
    poisoned: [
      {
        ...{ orderNum: order(49), term: 4, deaths: 2, method: '/bank.Bank/Deposit', digest: '1badc0de' },
        refusedUntilMs: 1_700_000_600_000,
      },
    ],
  },
};
const bodies: readonly Body[] = [
  { connection: session, seqNum: seq(1), request },
  { connection: session, seqNum: seq(2), request: bare },
  { connection: group, seqNum: seq(1), request: { method: '', message: hex(''), reply: nestedReply } },
];
const head: CheckpointHead = {
  ...{ orderNum: order(51), term: term(5), timeMs: TIME_MS, digest: 0xdead_beef, expiredForgotten: true },
};
const records: CheckpointRecords = {
  connections: [
    {
      connection: session,
      repliesSeenUpTo: seq(10),
      peer: '10.0.0.1:5000',
      outcomes: outcomes.map((outcome, i) => [seq(11 + i), outcome] as const),
      streams: [{ stream: seq(3), takenUpTo: 1, items: items.slice(1, 4).map(({ item }) => item) }],
    },
    { connection: plain, repliesSeenUpTo: seq(0), peer: undefined, outcomes: [], streams: [] },
  ],
  keyed: [{ key: 'key-1', requestDigest: 0x1234_5678, outcome: reply }],
  callers: [
    {
      ...{ client: caller.client, owner: 'CN=shop', term: term(7), settledUpTo: order(290) },
      calls: [
        { id: caller.id, requestDigest: 0x8765_4321, outcome: ok },
        {
          ...{ id: { orderNum: order(301), index: 0 }, requestDigest: 0x1234_5678, outcome: ok },
          stream: { connection: session, seqNum: seq(9) },
        },
      ],
    },
  ],
  expired: [group],
  armed: [
    {
      id: { orderNum: 7 as OrderNum, index: 1 },
      name: 'expire',
      payload: hex('0102'),
      dueMs: 1_700_000_060_000,
      delayMs: 60_000,
    },
  ],
  fired: [{ name: 'sweep', lastMs: 1_700_000_000_000 }],
};

const sealed: readonly SealedOrders[] = [
  { term: term(5), first: order(42), last: order(43), box: Buffer.from('00112233445566778899aabbccddeeff', 'hex') },
];

const sessionHeader: SessionHeader = {
  term: term(5),
  sentAtMs: 123_456.75,
  repliesSeenUpTo: seq(10),
  destOrderInfo: sealed,
  closing: true,
};
const replicaHeader: ReplicaHeader = {
  term: term(5),
  sourceOrderInfo: sealed,
  stableUpTo: order(41),
  heartbeatMs: 123_456.75,
  view,
};

/** The secret of a session, and its connection, which follows from it. */
export const secret = hex('5e'.repeat(32));
const opened = connectionOf(secret);

const settings: ClientSettings = {
  release: 'concurrent',
  pendingSourceOrderMax: 64,
  nullMessageMs: 20,
  batchMs: 1,
  methods: [
    {
      service: 'bank.v1.Bank',
      method: 'GetBalance',
      readOnly: true,
      oneWay: false,
      waitsForOthers: false,
      release: undefined,
    },
    {
      service: 'bank.v1.Bank',
      method: '',
      readOnly: false,
      oneWay: false,
      waitsForOthers: true,
      release: 'acknowledged',
    },
    { service: '', method: '', readOnly: false, oneWay: true, waitsForOthers: false, release: 'concurrent' },
  ],
  unreplicated: ['debug.*'],
};

export const sessionFrames: readonly SessionFrame[] = [
  {
    ...{ kind: 'hello', group: 'bank', connection: opened, fresh: true, term: term(5) },
    ...{ repliesSeenUpTo: seq(10), sentAtMs: 123_456.75, settings: 0xcafe_f00d, wallMs: 1_700_000_000_000 },
  },
  {
    kind: 'multicast',
    header: sessionHeader,
    requests: [keyless, ...streamed].map((each, i) => ({ seqNum: seq(11 + i), request: each, awaitStable: i === 0 })),
    reads: [{ readId: 1, request: bare }],
    streams: asks,
  },
  { kind: 'backupReads', term: term(6), after: order(41), reads: [{ readId: 12, request: bare }] },
  {
    ...{
      kind: 'collected',
      term: term(6),
      orders: sealed,
      retained: [seq(11), seq(12), seq(14)],
      outstanding: [seq(12)],
    },
    ...{ streams: asks, sentUpTo: seq(15), repliesSeenUpTo: seq(10), sentAtMs: 123_456.75 },
  },
  { kind: 'goodbye' },
];

export const replyFrames: readonly ReplyFrame[] = [
  {
    ...{ kind: 'welcome', replica: other, view, receivedUpTo: seq(14), heartbeatMs: 123_456.75 },
    ...{ reflect: true, sessionMs: 2_000, settings },
  },
  {
    kind: 'backupAnswers',
    answers: outcomes.slice(0, 2).map((outcome, i) => ({ readId: 12 - i, outcome, orderNum: order(41 + i) })),
    elsewhere: [14, 13],
  },
  {
    kind: 'replies',
    header: replicaHeader,
    replies: outcomes.map((outcome, i) => ({
      seqNum: seq(11 + i),
      outcome,
      stable: i % 2 === 0,
      orderNum: order(i % 2 === 0 ? 0 : 41 + i),
    })),
    reads: [{ readId: 1, outcome: ok, stable: true }],
    items,
  },
  { kind: 'newTerm', view: { ...view, primary: undefined }, collect: true },
  { kind: 'settings', term: term(5), reflect: true, sessionMs: 2_000, sessionBytes: 65_536, settings },
  { kind: 'nack', seqNums: [seq(11), seq(300)] },
  { kind: 'refused', code: 'UNDERSTUDY_MALFORMED', reason: 'why' },
];

export const peerFrames: readonly PeerFrame[] = [
  {
    ...{ kind: 'announce', term: term(5), sentAtMs: 123_456.75, stableUpTo: order(41), orders, bodies },
    digest: { orderNum: order(51), value: 0xdead_beef },
    stateDigest: { orderNum: order(48), value: '2cf24dba' },
  },
  {
    ...{ kind: 'ack', term: term(5), heartbeatMs: 123_456.75, heldUpTo: order(51), processedUpTo: order(49) },
    ...{ toldUpTo: order(50), afresh: true, registered: [session, plain], unregistered: [group], byCopy: true },
    ...{ divergedAt: order(50), statesEqualUpTo: order(40), leaving: true },
  },
  { kind: 'nack', term: term(5), ordersAfter: order(48), bodies: [{ connection: session, seqNum: seq(4) }] },
  { kind: 'bodies', bodies },
  { kind: 'newTerm', record, collect: true, heldUpTo: order(51) },
  { kind: 'promise', term: term(6), completedUpTo: order(41), orders, bodies },
  { kind: 'join', member: other, address: '10.0.0.2:50051', peerAddress: '10.0.0.2:50052' },
  { kind: 'checkpoint', term: term(5), copy: 3, join: true, head },
  { kind: 'piece', term: term(5), copy: 3, index: 0, piece: { kind: 'records', records } },
  { kind: 'pieceAck', term: term(5), copy: 3, upTo: 2, answer: 'receives' },
  { kind: 'busy', term: term(5), forMs: 10_000 },
  { kind: 'busyHeard', term: term(5) },
  { kind: 'noCheckpoint', term: term(5), reason: 'the disk is full' },
];

export const rpcRequestHeader: RpcRequestHeader = {
  ...{ connection: opened, seqNum: seq(11), awaitStable: true },
  header: sessionHeader,
};
export const rpcReplyHeader: RpcReplyHeader = {
  outcome: 'waits',
  stable: true,
  orderNum: order(0),
  header: replicaHeader,
};
export const peerHello: PeerHello = {
  ...{ group: 'bank', member, address: '10.0.0.1:50051', peerAddress: '10.0.0.1:50052' },
  liveness: { address: '10.0.0.1:50053', ticket: Buffer.alloc(16, 0x3c), key: Buffer.alloc(32, 0xc3) },
};
export const peerBrings: Leadership = {
  settings: '{"leaseMs":400}',
  version: 'bank@1.1.0',
  replication: 'semi-active',
};
export const peerChallenge: PeerChallenge = { group: 'bank', member, nonce: Buffer.alloc(32, 0x5a) };
export const peerProof = Buffer.alloc(32, 0xa5);
export { caller, orders, reply, request };
