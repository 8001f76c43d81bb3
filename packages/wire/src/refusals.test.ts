import type { GroupRecord, Incarnation, OrderNum, ReplicaId, Term } from '@understudy/core';
import {
  type BodyDigest,
  type CheckpointRecords,
  connectionHex,
  connectionId,
  type NewTermFrame,
  NO_ORDER,
  type OrderInfo,
  type SeqNum,
  type SessionFrame,
} from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { Kind } from './bytes/layout.js';
import { Writer } from './bytes/writer.js';
import * as wire from './index.js';
import { SECRET } from './testing/arbitraries.js';

/** The encoding with some bits of its byte `at` set. */
function withBits(bytes: Uint8Array, at: number, bits: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] as number) | bits;
  return changed;
}

/** The encoding with `to` in place of `from`, which stands in it once. */
function replaced(bytes: Uint8Array, from: Buffer, to: Buffer): Buffer {
  const at = Buffer.from(bytes).indexOf(from);
  const rest = Buffer.from(bytes.subarray(at + from.length));
  if (at < 0 || rest.includes(from)) throw new Error('the bytes to replace do not stand there once');
  return Buffer.concat([bytes.subarray(0, at), to, rest]);
}

const connection = connectionId('plain', '0123456789abcdef'.repeat(2));
const encodeSessionFrame = (frame: SessionFrame) => wire.encodeSessionFrame(frame, SECRET);
const header = { term: 1 as Term, sentAtMs: 1, repliesSeenUpTo: 0 as SeqNum, destOrderInfo: [], closing: false };
const order: OrderInfo = {
  ...{ term: 1 as Term, orderNum: 1 as OrderNum, timeMs: 1, connection },
  ...{ kind: 'call', seqNum: 1 as SeqNum, body: 'b0'.repeat(20) as BodyDigest },
};
const body = { connection, seqNum: 1 as SeqNum, request: { method: '/a.B/C', message: Buffer.from('m') } };
const noRecords: CheckpointRecords = { connections: [], keyed: [], callers: [], expired: [], armed: [], fired: [] };
const encodeRecords = (records: CheckpointRecords): Uint8Array =>
  wire.encodePeerFrame({
    ...{ kind: 'piece', term: 1 as Term, copy: 1, index: 0 },
    piece: { kind: 'records', records },
  });
const snapshot = { connection, repliesSeenUpTo: 0 as SeqNum, peer: undefined, outcomes: [], streams: [] };

it('keeps a byte order mark, which is text like any other', () => {
  const outcome = { kind: 'reply' as const, code: 3, details: '\ufeffé' };
  expect(wire.decodeOutcome(wire.encodeOutcome(outcome))).toStrictEqual(outcome);
});

describe('a connection of an unknown kind', () => {
  const ack = { kind: 'ack', term: 1 as Term, heartbeatMs: 1, heldUpTo: 0 as OrderNum } as const;
  const acked = {
    ...ack,
    processedUpTo: 0 as OrderNum,
    toldUpTo: 0 as OrderNum,
    statesEqualUpTo: 0 as OrderNum,
    afresh: false,
    byCopy: false,
    divergedAt: undefined,
    leaving: false,
  };
  const announce = { kind: 'announce', term: 1 as Term, sentAtMs: 1, stableUpTo: 0 as OrderNum } as const;
  const places: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
    ['the orders of a client’s box', wire.encodeOrders([order]), wire.decodeOrders],
    [
      'the orders of an announcement',
      wire.encodePeerFrame({ ...announce, orders: [order], bodies: [], digest: undefined }),
      wire.decodePeerFrame,
    ],
    [
      'the bodies of an announcement',
      wire.encodePeerFrame({ ...announce, orders: [], bodies: [body], digest: undefined }),
      wire.decodePeerFrame,
    ],
    [
      'the connections that an ack registers',
      wire.encodePeerFrame({ ...acked, registered: [connection], unregistered: [] }),
      wire.decodePeerFrame,
    ],
    [
      'the connections that an ack gives up',
      wire.encodePeerFrame({ ...acked, registered: [], unregistered: [connection] }),
      wire.decodePeerFrame,
    ],
    [
      'the bodies that a nack asks for',
      wire.encodePeerFrame({ kind: 'nack', term: 1 as Term, ordersAfter: undefined, bodies: [body] }),
      wire.decodePeerFrame,
    ],
    ['a frame of bodies', wire.encodePeerFrame({ kind: 'bodies', bodies: [body] }), wire.decodePeerFrame],
    [
      'the orders of a promise',
      wire.encodePeerFrame({
        kind: 'promise',
        term: 1 as Term,
        completedUpTo: 0 as OrderNum,
        orders: [order],
        bodies: [],
      }),
      wire.decodePeerFrame,
    ],
    [
      'the bodies of a promise',
      wire.encodePeerFrame({
        kind: 'promise',
        term: 1 as Term,
        completedUpTo: 0 as OrderNum,
        orders: [],
        bodies: [body],
      }),
      wire.decodePeerFrame,
    ],
    ['the connections of a checkpoint', encodeRecords({ ...noRecords, connections: [snapshot] }), wire.decodePeerFrame],
    [
      'the ended connections of a checkpoint',
      encodeRecords({ ...noRecords, expired: [connection] }),
      wire.decodePeerFrame,
    ],
  ];
  const bytes = Buffer.from(connectionHex(connection), 'hex');
  const PLAIN = 1;
  const UNKNOWN = 3;

  it.each(places)('is refused in %s', (_place, encoded, decode) => {
    const of = (kind: number): Buffer => Buffer.concat([Buffer.of(kind), bytes]);
    const changed = replaced(encoded, of(PLAIN), of(UNKNOWN));
    expect(() => decode(encoded)).not.toThrow();
    expect(() => decode(changed)).toThrow('UNDERSTUDY_MALFORMED: a connection is of an unknown kind');
  });
});

describe('an outcome that is not a reply', () => {
  const BARE = 0b1000000;
  const VOIDED = BARE;
  const to = { orderNum: 3 as OrderNum, index: 0 };
  const ok = { kind: 'reply', code: 0, details: '' } as const;

  it('is refused as the reply to a call that a handler made', () => {
    const bytes = wire.encodeRequest({ method: '', message: Buffer.alloc(0), reply: { to, outcome: ok } });
    expect(() => wire.decodeRequest(withBits(bytes, bytes.length - 1, VOIDED))).toThrow(
      'UNDERSTUDY_MALFORMED: voided in place of a reply',
    );
  });

  it.each(['voided', 'abandoned', 'accepted', 'streamed', 'waits'])('is refused as the end of a stream: %s', (kind) => {
    const status = { kind: 'status', outcome: { kind: 'unknownStream' } } as const;
    const UNKNOWN_STREAM = BARE | 4;
    const code = ['voided', 'abandoned', 'accepted', 'streamed', 'unknownStream', 'waits'].indexOf(kind);
    const refusal = `UNDERSTUDY_MALFORMED: a stream cannot end as ${kind}`;
    const frame = wire.encodeReplyFrame({
      ...{ kind: 'replies', replies: [], reads: [] },
      header: { term: 1 as Term, sourceOrderInfo: [], stableUpTo: 0 as OrderNum, heartbeatMs: 1 },
      items: [{ stream: 3 as SeqNum, index: 1, item: status, stable: false }],
    });
    const sent = replaced(frame, Buffer.of(UNKNOWN_STREAM), Buffer.of(BARE | code));
    expect(() => wire.decodeReplyFrame(sent)).toThrow(refusal);
    const streams = [{ stream: 3 as SeqNum, takenUpTo: 0, items: [status] }];
    const kept = encodeRecords({ ...noRecords, connections: [{ ...snapshot, streams }] });
    // The connection's own bytes may hold the same byte; the status comes after them.
    const changed = Buffer.from(kept);
    changed[changed.lastIndexOf(UNKNOWN_STREAM)] = BARE | code;
    expect(() => wire.decodePeerFrame(changed)).toThrow(refusal);
  });

  it.each([6, 7, 31, 0b10000000])('is refused when its kind is unknown: %i', (kind) => {
    const bytes = withBits(wire.encodeOutcome({ kind: 'voided' }), 2, kind);
    expect(() => wire.decodeOutcome(bytes)).toThrow(
      `UNDERSTUDY_MALFORMED: unknown flags ${VOIDED | kind} of an outcome`,
    );
  });

  it('is refused in the header of an RPC’s reply when its kind is unknown', () => {
    const replicaHeader = { term: 1 as Term, sourceOrderInfo: [], stableUpTo: 0 as OrderNum, heartbeatMs: 1 };
    const bytes = wire.encodeRpcReplyHeader({
      outcome: 'reply',
      stable: true,
      orderNum: NO_ORDER,
      header: replicaHeader,
    });
    expect(() => wire.decodeRpcReplyHeader(withBits(bytes, 2, 7))).toThrow(
      'UNDERSTUDY_MALFORMED: unknown kind 7 of an outcome',
    );
  });
});

it('a request is refused that announces rare parts and has none', () => {
  const bytes = wire.encodeRequest({ method: '/a.B/C', message: Buffer.from('m') });
  expect(() => wire.decodeRequest(Buffer.concat([withBits(bytes, 2, 0b100000), Buffer.of(0)]))).toThrow(
    'UNDERSTUDY_MALFORMED: rare parts of a request that are none',
  );
});

describe('the carrier’s flag', () => {
  it('is refused in a request that stands by itself', () => {
    const bytes = wire.encodeRequest({ method: '/a.B/C', message: Buffer.from('m') });
    expect(() => wire.decodeRequest(withBits(bytes, 2, 0b1000))).toThrow(
      'UNDERSTUDY_MALFORMED: unknown flag of a request',
    );
  });

  it.each([
    ['a reply', { kind: 'reply' as const, code: 0, details: '' }],
    ['an outcome that is not a reply', { kind: 'voided' as const }],
  ])('is refused in %s that stands by itself', (_what, outcome) => {
    expect(() => wire.decodeOutcome(withBits(wire.encodeOutcome(outcome), 2, 0b100000))).toThrow(
      /UNDERSTUDY_MALFORMED: unknown flags \d+ of an outcome/,
    );
  });

  it('is refused in the header of a multicast, which does not use it', () => {
    const bytes = encodeSessionFrame({ kind: 'multicast', header, requests: [], reads: [], streams: [] });
    expect(() => wire.decodeSessionFrame(withBits(bytes, 2, 0b1))).toThrow(
      'UNDERSTUDY_MALFORMED: unknown flags 1 of a header',
    );
  });
});

describe('a decoder', () => {
  it('refuses a run of orders that goes beyond the last orderNum', () => {
    const writer = new Writer();
    writer.begin(Kind.promise, 64);
    writer.varint(1);
    writer.varint(0);
    writer.varint(2);
    writer.offsetFrom(0, 1);
    writer.after(0, Number.MAX_SAFE_INTEGER);
    writer.bytes(new Uint8Array(40));
    expect(() => wire.decodePeerFrame(writer.finish())).toThrow('UNDERSTUDY_MALFORMED: an orderNum is above 2^53-1');
  });

  const reply = {
    to: { orderNum: 3 as OrderNum, index: 0 },
    outcome: { kind: 'reply' as const, code: 0, details: 'OK' },
  };
  const message = Buffer.from('m');
  it.each([
    {
      with: 'the reply to a call of this group, which would speak for another service',
      request: { method: '', message, reply },
      says: 'a client sent the reply to a nested call',
    },
    {
      with: 'an idempotency key, which would answer or block the calls of others',
      request: { method: '/a.B/C', message, key: '["","/a.B/C","k"]' },
      says: 'a client named an idempotency key in a frame',
    },
  ])('refuses a client’s frame with $with', ({ request, says }) => {
    const common = { kind: 'multicast', header, streams: [] } as const;
    const requests = [{ seqNum: 1 as SeqNum, request, awaitStable: false }];
    for (const frame of [
      { ...common, requests, reads: [] },
      { ...common, requests: [], reads: [{ readId: 1, request }] },
    ]) {
      expect(() => wire.decodeSessionFrame(encodeSessionFrame(frame))).toThrow(`UNDERSTUDY_MALFORMED: ${says}`);
    }
  });

  it.each([0, 16, 31, 33])('refuses a hello whose secret has %i bytes', (length) => {
    const hello = { kind: 'hello', group: 'bank', connection: wire.connectionOf(SECRET), fresh: true } as const;
    const bytes = encodeSessionFrame({
      ...{ ...hello, term: 1 as Term, repliesSeenUpTo: 0 as SeqNum, sentAtMs: 1, settings: 0 },
    });
    const whole = Buffer.concat([Buffer.from([wire.SECRET_BYTES]), SECRET]);
    const other = Buffer.concat([Buffer.from([length]), Buffer.alloc(length, 7)]);
    expect(() => wire.decodeSessionFrame(replaced(bytes, whole, other))).toThrow(
      'UNDERSTUDY_MALFORMED: the secret of a session has 32 bytes',
    );
  });

  it('refuses a caller whose name is too long', () => {
    const caller = { client: 'x'.repeat(1025), term: 1 as Term, id: { orderNum: 3 as OrderNum, index: 0 } };
    const bytes = wire.encodeCaller({ ...caller, settledUpTo: 0 as OrderNum });
    expect(() => wire.decodeCaller(bytes)).toThrow('UNDERSTUDY_MALFORMED: the name of a calling group is too long');
  });

  it('refuses a Frame message whose length is written with more bytes than needed', () => {
    expect(() => wire.unwrapFrame(Buffer.from([0x0a, 0x83, 0x00, 1, 2, 3]))).toThrow('length is written too long');
  });
});

describe('the addresses of a record', () => {
  const member = { id: 'bank-1' as ReplicaId, incarnation: 'a'.repeat(32) as Incarnation };
  const frame = (addresses: Record<string, string>): NewTermFrame => ({
    kind: 'newTerm',
    record: {
      version: 1,
      group: 'bank',
      origin: member.incarnation,
      secret: 'of tests',
      epoch: 1,
      term: 1,
      primary: member,
      inSync: [member],
      addresses,
      adoptedThrough: [],
      settings: '{}',
      code: [],
      forced: false,
      ended: false,
    } as unknown as GroupRecord,
    collect: false,
    heldUpTo: 0 as OrderNum,
  });
  const PAIRS = '\x01p\x03x:1\x01q\x03y:1';
  const rewritten = (pairs: string): Buffer => {
    const bytes = Buffer.from(wire.encodePeerFrame(frame({ p: 'x:1', q: 'y:1' })));
    bytes.write(pairs, bytes.indexOf(PAIRS), 'latin1');
    return bytes;
  };

  it('have one encoding, in whatever order they were put in', () => {
    expect(Buffer.compare(wire.encodePeerFrame(frame({ q: 'y:1', p: 'x:1' })), rewritten(PAIRS))).toBe(0);
  });

  it.each(['\x01q\x03y:1\x01p\x03x:1', '\x01p\x03x:1\x01p\x03y:1'])(
    'are refused when they do not ascend: %j',
    (pairs) => {
      expect(() => wire.decodePeerFrame(rewritten(pairs))).toThrow(
        'UNDERSTUDY_MALFORMED: the addresses of a record do not ascend',
      );
    },
  );
});

describe('an address of a replica', () => {
  const member = { id: 'r1' as ReplicaId, incarnation: 'a'.repeat(32) as Incarnation };
  const bad = [
    '',
    'host',
    'host:0',
    'host:65536',
    'ho\rst:1',
    'ho st:1',
    'dns:///host:1',
    'unix:/tmp/x',
    '[::1:1',
    'a\u2028:1',
  ];

  it.each(bad)('is refused in a hello, a join and a record unless it is host:port: %j', (address) => {
    const hello = { group: 'bank', member, address };
    expect(() => wire.decodePeerHello(wire.encodePeerHello(hello))).toThrow('UNDERSTUDY_MALFORMED: an address');
    const other = { ...hello, address: 'h:1', peerAddress: address };
    expect(() => wire.decodePeerHello(wire.encodePeerHello(other))).toThrow('UNDERSTUDY_MALFORMED: an address');
    const join = { kind: 'join', member, address } as const;
    expect(() => wire.decodePeerFrame(wire.encodePeerFrame(join))).toThrow('UNDERSTUDY_MALFORMED: an address');
  });
});

describe('a frame of a client with more entries than any client has', () => {
  const COUNT = 262_145;
  const many = Array.from({ length: COUNT }, (_, i) => (i + 1) as SeqNum);
  const call = { method: '/a.B/C', message: Buffer.alloc(0) };
  const empty = { kind: 'multicast', header, requests: [], reads: [], streams: [] } as const;
  const collected = {
    ...{ kind: 'collected', term: 1 as Term, orders: [], retained: [], outstanding: [], streams: [] },
    ...{ sentUpTo: 0 as SeqNum, repliesSeenUpTo: 0 as SeqNum, sentAtMs: 1 },
  } as const;
  const box = { term: 1 as Term, first: 1 as OrderNum, last: 1 as OrderNum, box: Buffer.alloc(0) };
  const halves = { metadata: many.slice(0, COUNT / 2).map((): [string, string] => ['a', '']) };

  it.each<[string, SessionFrame]>([
    ['requests', { ...empty, requests: many.map((seqNum) => ({ seqNum, request: call, awaitStable: false })) }],
    ['reads', { ...empty, reads: many.map((readId) => ({ readId, request: call })) }],
    ['streams', { ...empty, streams: many.map((of) => ({ of, received: 0, awaitStable: false })) }],
    ['requests to come', { ...empty, coming: many }],
    ['reflected orders', { ...empty, header: { ...header, destOrderInfo: many.map(() => box) } }],
    [
      'metadata in all',
      {
        ...empty,
        requests: [1, 2, 3].map((n) => ({ seqNum: n as SeqNum, request: { ...call, ...halves }, awaitStable: false })),
      },
    ],
    ['retained requests', { ...collected, retained: many, sentUpTo: COUNT as SeqNum }],
    ['outstanding requests', { ...collected, outstanding: many }],
  ])('is refused before they are in memory: %s', (_name, frame) => {
    expect(() => wire.decodeSessionFrame(encodeSessionFrame(frame))).toThrow(
      'UNDERSTUDY_MALFORMED: a frame of more than',
    );
  });
});
