/**
 * Compares our layout with protobufjs on the frames that travel most, and prints a table. protobufjs has less to do: it
 * leaves ids as bytes, while our decoders turn them into text.
 */
import { join } from 'node:path';
import type { OrderNum, Term } from '@understudy/core';
import {
  type CallOrder,
  type ConnectionId,
  connectionId,
  type MulticastFrame,
  type Outcome,
  type RepliesFrame,
  type Request,
  type RpcReplyHeader,
  type SealedOrders,
  type SeqNum,
} from '@understudy/core/internal';
import protobuf from 'protobufjs';
import {
  bodyDigest,
  decodeReplyFrame,
  decodeRpcReplyHeader,
  decodeSessionFrame,
  encodeOrders,
  encodeReplyFrame,
  encodeRpcReplyHeader,
  encodeSessionFrame,
  SECRET_BYTES,
} from '../index.js';

const WARM_UP_MS = 2000;
const ROUNDS = 15;
const ROUND_MS = 100;

interface Subject {
  readonly name: string;
  readonly encode: () => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

const connections = Array.from({ length: 8 }, (_, i) => connectionId('session', `${i}`.repeat(32)));

const request: Request = { method: '/bank.v1.Bank/Transfer', message: Buffer.alloc(100, 7) };
const multicast: MulticastFrame = {
  kind: 'multicast',
  header: {
    term: 3 as Term,
    sentAtMs: 123456.789,
    repliesSeenUpTo: 1000 as SeqNum,
    destOrderInfo: [],
    closing: false,
  },
  requests: Array.from({ length: 32 }, (_, i) => ({ seqNum: (1001 + i) as SeqNum, request, awaitStable: false })),
  reads: [],
  streams: [],
};

const orders: CallOrder[] = Array.from({ length: 64 }, (_, i) => ({
  term: 3 as Term,
  orderNum: (50_000 + i) as OrderNum,
  timeMs: 1_764_000_000_000 + Math.floor(i / 8),
  connection: connections[i % connections.length] as ConnectionId,
  seqNum: (1000 + Math.floor(i / connections.length)) as SeqNum,
  body: bodyDigest(request),
  kind: 'call',
}));
const outcome: Outcome = {
  kind: 'reply',
  code: 0,
  details: '',
  initialMetadata: [],
  message: Buffer.alloc(100, 7),
  trailers: [],
};
/** As large as it is when encrypted: a nonce and a tag are added. */
const sealed: SealedOrders[] = [
  {
    term: 3 as Term,
    first: 50_000 as OrderNum,
    last: 50_063 as OrderNum,
    box: Buffer.alloc(encodeOrders(orders).length + 28, 7),
  },
];
const replies: RepliesFrame = {
  kind: 'replies',
  header: { term: 3 as Term, sourceOrderInfo: sealed, stableUpTo: 49_990 as OrderNum, heartbeatMs: 123456.789 },
  replies: Array.from({ length: 32 }, (_, i) => ({
    seqNum: (1001 + i) as SeqNum,
    outcome,
    stable: false,
    orderNum: (50_000 + i) as OrderNum,
  })),
  reads: [],
  items: [],
};

const rpcReply: RpcReplyHeader = {
  outcome: 'reply',
  stable: false,
  orderNum: 50_000 as OrderNum,
  header: replies.header,
};

function protobufSubjects(): Subject[] {
  const root = new protobuf.Root();
  const protos = join(__dirname, '../../../../protos/');
  root.resolvePath = (_origin, target) => (target.startsWith(protos) ? target : protos + target);
  root.loadSync(`${protos}understudy/v1/multicast.proto`);
  const plainReplies = {
    ...replies,
    replies: replies.replies.map((reply) => ({
      ...reply,
      outcome: { reply: { ...outcome, initialMetadata: { entries: [] }, trailers: { entries: [] } } },
    })),
  };
  return [
    { name: 'MulticastFrame', value: multicast },
    { name: 'RepliesFrame', value: plainReplies },
    { name: 'RpcReplyHeader', value: { outcome: 0, stable: false, header: replies.header } },
  ].map(({ name, value }) => {
    const type = root.lookupType(`understudy.v1.${name}`);
    return { name, encode: () => type.encode(value).finish(), decode: (bytes) => type.decode(bytes) };
  });
}

const ours: Subject[] = [
  {
    name: 'MulticastFrame',
    encode: () => encodeSessionFrame(multicast, Buffer.alloc(SECRET_BYTES)),
    decode: decodeSessionFrame,
  },
  { name: 'RepliesFrame', encode: () => encodeReplyFrame(replies), decode: decodeReplyFrame },
  { name: 'RpcReplyHeader', encode: () => encodeRpcReplyHeader(rpcReply), decode: decodeRpcReplyHeader },
];

/**
 * CPU microseconds of one call, averaged over one round. CPU time, because on a machine that others use, elapsed time
 * shows mostly how busy they are.
 */
function timeRound(work: () => unknown): number {
  const start = process.cpuUsage();
  let calls = 0;
  for (;;) {
    for (let i = 0; i < 50; i++) work();
    calls += 50;
    const { user, system } = process.cpuUsage(start);
    if (user + system >= 1000 * ROUND_MS) return (user + system) / calls;
  }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] as number;

function main(): void {
  const rows = [
    ...ours.map((subject) => ({ layout: 'ours', ...subject })),
    ...protobufSubjects().map((subject) => ({ layout: 'protobufjs', ...subject })),
  ].map((subject) => {
    const bytes = subject.encode();
    return { ...subject, bytes: bytes.length, decodeIt: () => subject.decode(bytes), encodeUs: [0], decodeUs: [0] };
  });
  for (const start = performance.now(); performance.now() - start < WARM_UP_MS; ) {
    for (const row of rows) for (let i = 0; i < 50; i++) row.decode(row.encode());
  }
  for (const row of rows) row.encodeUs.length = row.decodeUs.length = 0;
  // The rounds of all subjects alternate, because other work on the machine comes and goes.
  for (let round = 0; round < ROUNDS; round++) {
    for (const row of rows) {
      row.encodeUs.push(timeRound(row.encode));
      row.decodeUs.push(timeRound(row.decodeIt));
    }
  }
  console.log('| frame | layout | bytes | encode µs | decode µs | both µs |\n|---|---|---|---|---|---|');
  for (const { name, layout, bytes, encodeUs, decodeUs } of rows.sort((a, b) => a.name.localeCompare(b.name))) {
    const encode = median(encodeUs);
    const decode = median(decodeUs);
    const cells = [name, layout, bytes, encode.toFixed(1), decode.toFixed(1), (encode + decode).toFixed(1)];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

main();
