import { afterAll, describe, expect, it } from 'vitest';
import type { BackupReadsFrame, HelloFrame, MulticastFrame, SessionFrame } from './model/frames.js';
import { NO_SEQ, NO_TERM, type OrderNum, type SeqNum, type Term } from './model/ids.js';
import type { StreamPart } from './model/stream.js';
import { besideHostile, groupWithHostile, HOSTILE } from './testing/hostile/client.js';
import { bytesOf } from './testing/text.js';
import { sessionOf } from './testing/world/identity.js';

/**
 * More seeds can be played by hand, each with a thousand frames in each of nine settings: `HOSTILE_SEEDS=112 npx vitest run
 * --project seeds packages/core/src/hostile.test.ts` plays a million.
 */
const SEEDS = Number(process.env.HOSTILE_SEEDS ?? 8);
const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1);
const CALLS = 40;
const THREE = 'replicas=S1,S2,S3';

describe.each([
  ['semi-active', [THREE]],
  ['passive', [THREE, 'replication=passive']],
  ['with interceptors', [THREE, 'interceptors']],
  ['acknowledged', [THREE, 'release=acknowledged']],
  ['destination', [THREE, 'multicast=destination']],
])('beside a client that sends legal frames in any order (%s)', (_name, words) => {
  it.each(seeds)('no replica ends, and an honest client is answered (seed %i)', (seed) => {
    const { answered, servers, calls } = besideHostile(seed, words, CALLS);
    expect(servers).toEqual(['S2', 'S3']);
    expect(answered.filter((line) => line.includes('failed'))).toEqual([]);
    expect(answered).toHaveLength(calls);
  });
});

describe.each([
  ['semi-active', [THREE]],
  ['passive', [THREE, 'replication=passive']],
  ['acknowledged', [THREE, 'release=acknowledged']],
  ['destination', [THREE, 'multicast=destination']],
])('beside a client that sends each replica other bodies under the same numbers (%s)', (name, words) => {
  /** A client that soon says that it has seen every reply has few bodies ordered, so one seed may have none refused. */
  let refused = 0;
  afterAll(() => expect(refused).toBeGreaterThan(0));

  it.each(seeds)('replicas stay equal, and an honest client is answered (seed %i)', (seed) => {
    const { answered, servers, calls, digests, refusedBodies } = besideHostile(seed, words, CALLS, true);
    expect(servers).toEqual(['S2', 'S3']);
    expect(answered.filter((line) => line.includes('failed'))).toEqual([]);
    expect(answered).toHaveLength(calls);
    refused += refusedBodies;
    if (name !== 'passive') expect(digests[0]).toBe(digests[1]);
  });
});

const HEARD = { term: NO_TERM, repliesSeenUpTo: NO_SEQ, sentAtMs: 0 };
const HELLO: HelloFrame = { kind: 'hello', group: 'g', connection: sessionOf(9), fresh: true, settings: 0, ...HEARD };
const NULL_MESSAGE: MulticastFrame = {
  kind: 'multicast',
  header: { ...HEARD, destOrderInfo: [], closing: false },
  requests: [],
  reads: [],
  streams: [],
};
const first = 1 as SeqNum;

function sent(seqNum: SeqNum, stream: StreamPart): MulticastFrame {
  const request = { method: '/log.Log/Chat', message: bytesOf('x'), stream };
  return { ...NULL_MESSAGE, requests: [{ seqNum, request, awaitStable: false }] };
}

/** A hostile client sends frames to the primary, and S1 still serves. @returns what was said */
function whenSent(...frames: readonly SessionFrame[]): string[] {
  const said: string[] = [];
  const world = groupWithHostile([THREE], (line) => said.push(line));
  for (const frame of [HELLO, ...frames]) {
    world.links.send(HOSTILE, 'S1', frame);
    world.settle();
  }
  world.pass(100);
  expect(world.server('S1').core?.status.role).toBe('primary');
  return said;
}

it('a client that asks about a stream before it opens it learns that the group does not know the stream', () => {
  const ask = { of: first, received: 0, awaitStable: false };
  const said = whenSent({ ...NULL_MESSAGE, streams: [ask] }, sent(first, { kind: 'open' }));
  expect(said.filter((line) => line.startsWith(`S1>${HOSTILE}  items`))).toEqual([
    `S1>${HOSTILE}  items 1.1 status stable`,
  ]);
  expect(said.filter((line) => line.includes('processes'))).toEqual([]);
});

it.each(['semi-active', 'passive'])(
  'a client that asked for a stream before it opened it has replicas differ in nothing after a failover (%s)',
  (replication) => {
    const said: string[] = [];
    const world = groupWithHostile([THREE, `replication=${replication}`], (line) => said.push(line));
    const tell = (frame: SessionFrame, ...names: readonly string[]): void => {
      for (const name of names) world.links.send(HOSTILE, name, frame);
      world.settle();
    };
    const ask = { of: first, received: 0, awaitStable: false };
    tell(HELLO, 'S1', 'S2', 'S3');
    tell({ ...NULL_MESSAGE, streams: [ask] }, 'S1', 'S2', 'S3');
    tell(sent(first, { kind: 'open' }), 'S1', 'S2', 'S3');
    tell(sent(2 as SeqNum, { kind: 'message', of: first, position: 1 }), 'S1', 'S2', 'S3');
    world.crash('S1');
    world.pass(3000);
    tell({ ...HELLO, fresh: false }, 'S2', 'S3');
    tell({ ...NULL_MESSAGE, streams: [ask] }, 'S2', 'S3');
    tell(sent(3 as SeqNum, { kind: 'message', of: first, position: 2 }), 'S2', 'S3');
    world.requests.call('C1', 'honest');
    world.pass(1000);
    expect(said.filter((line) => line.startsWith('C1  delivered honest'))).toHaveLength(1);
    const [one, other] = ['S2', 'S3'].map((name) => world.server(name).core?.status);
    expect(one?.heldUpTo).toBe(other?.heldUpTo);
    if (replication === 'semi-active') expect(one?.digest).toBe(other?.digest);
    // The client was told once that its stream is over, and the next primary says nothing else.
    const items = said.filter((line) => line.includes(`>${HOSTILE}  items`));
    expect(items).not.toEqual([]);
    for (const line of items) expect(line).toContain('status');
  },
);

it.each<[string, MulticastFrame]>([
  ['items', { ...NULL_MESSAGE, streams: [{ of: first, received: Number.MAX_SAFE_INTEGER, awaitStable: false }] }],
  ['credits', sent(first, { kind: 'credit', taken: [{ of: first, upTo: Number.MAX_SAFE_INTEGER }] })],
  ['messages', sent(first, { kind: 'message', of: first, position: Number.MAX_SAFE_INTEGER })],
])('a client that counts %s further than anybody can is refused', (_name, frame) => {
  expect(whenSent(frame)).toContainEqual(expect.stringContaining('refused UNDERSTUDY_MALFORMED'));
});

/** Numbers that a client may name, one after the other. */
const many = (count: number): SeqNum[] => Array.from({ length: count }, (_, i) => (i + 1) as SeqNum);
const read = { method: '/log.Log/Append', message: bytesOf('x') };
const BOX = { term: 1 as Term, first: 1 as OrderNum, last: 1 as OrderNum, box: bytesOf('') };

it.each<[string, Partial<MulticastFrame>]>([
  ['large requests to come', { coming: many(65_537) }],
  ['reads', { reads: many(65_537).map((readId) => ({ readId, request: read })) }],
  ['reflected orders', { header: { ...NULL_MESSAGE.header, destOrderInfo: many(65_537).map(() => BOX) } }],
])('a frame with more %s than any client has is refused as a whole', (_name, more) => {
  expect(whenSent({ ...NULL_MESSAGE, ...more })).toContainEqual(
    expect.stringContaining('refused UNDERSTUDY_MALFORMED'),
  );
});

it.each<[string, Partial<BackupReadsFrame>]>([
  ['more reads than any client has', { reads: many(65_537).map((readId) => ({ readId, request: read })) }],
  ['an order that nobody counts to', { after: (2 ** 49) as OrderNum }],
])('reads for a backup with %s are refused as a whole', (_name, more) => {
  const frame: BackupReadsFrame = { kind: 'backupReads', term: 1 as Term, after: 0 as OrderNum, reads: [] };
  expect(whenSent({ ...frame, ...more })).toContainEqual(expect.stringContaining('refused UNDERSTUDY_MALFORMED'));
});

it('a client that announces a body again and again holds up nobody for long', () => {
  const answered: string[] = [];
  const world = groupWithHostile([THREE, 'release=acknowledged'], (line) => {
    if (line.startsWith('C1  delivered')) answered.push(line);
  });
  for (const frame of [HELLO, NULL_MESSAGE]) {
    for (const to of ['S1', 'S2', 'S3']) world.links.send(HOSTILE, to, frame);
    world.pass(50);
  }
  const request = { method: '/log.Log/Append', message: bytesOf('x') };
  const body = { ...NULL_MESSAGE, requests: [{ seqNum: first, request, awaitStable: false }] };
  for (const to of ['S2', 'S3']) world.links.send(HOSTILE, to, { ...NULL_MESSAGE, coming: [first] });
  world.links.send(HOSTILE, 'S1', body);
  world.settle();
  world.requests.call('C1', 'honest');
  for (let i = 0; i < 15; i++) {
    for (const to of ['S2', 'S3']) {
      // A hello on the same link does not begin anew either.
      if (i % 5 === 4) world.links.send(HOSTILE, to, { ...HELLO, fresh: false });
      world.links.send(HOSTILE, to, { ...NULL_MESSAGE, coming: [first] });
    }
    world.pass(50);
  }
  expect(answered).toEqual([expect.stringContaining('honest')]);
});

it('a client that names a term without a record does not make replicas read the record again and again', () => {
  const world = groupWithHostile([THREE], () => {});
  const { core } = world.server('S2');
  if (core === undefined) throw new Error('S2 does not run');
  const step = core.step.bind(core);
  let reads = 0;
  core.step = (...turn) => {
    const effects = step(...turn);
    for (const { kind } of effects) if (kind === 'readRecord') reads++;
    return effects;
  };
  const claim = { ...NULL_MESSAGE, header: { ...NULL_MESSAGE.header, term: (2 ** 40) as Term } };
  for (let i = 0; i < 200; i++) {
    world.links.send(HOSTILE, 'S2', { ...HELLO, term: (2 ** 40) as Term });
    world.links.send(HOSTILE, 'S2', claim);
    world.pass(1);
  }
  expect(reads).toBeGreaterThan(0);
  expect(reads).toBeLessThanOrEqual(3);
});

it('a client that opened several sessions on one link occupies no places once the link is gone', () => {
  const answered: string[] = [];
  const world = groupWithHostile([THREE, 'sessionsMax=4', 'sessionMs=300', 'leaseMs=300'], (line) => {
    if (line.includes('  delivered')) answered.push(line);
  });
  for (let i = 0; i < 2; i++) world.links.send(HOSTILE, 'S1', { ...HELLO, connection: sessionOf(20 + i) });
  world.settle();
  world.links.cut(HOSTILE, 'S1');
  world.pass(1000);
  for (const honest of ['C3', 'C4', 'C5']) {
    world.startClient(honest);
    world.pass(300);
    world.requests.call(honest, 'served');
    world.pass(100);
  }
  expect(answered).toHaveLength(3);
});
