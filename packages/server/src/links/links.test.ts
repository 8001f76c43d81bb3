import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { Incarnation, ReplicaId } from '@understudy/core';
import { type HelloFrame, NO_SEQ, NO_TERM, type SessionFrame } from '@understudy/core/internal';
import {
  Assembler,
  connectionOf,
  decodePeerHello,
  decodeReplyFrame,
  encodePeerHello,
  encodeSessionFrame,
  SECRET_BYTES,
  wrapFrame,
} from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { RawStream } from '../testing/links/raw-stream.js';
import { type Node, Stage } from '../testing/stage.js';

const MULTICAST = '/understudy.v1.Multicast/Connect';
const REPLICATION = '/understudy.v1.Replication/Link';

/** The first byte of a part that others follow. */
const PART = Buffer.from([0x82]);

let stage: Stage;
const streams: RawStream[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await stage.end();
});

function open(node: Node, path: string): RawStream {
  const stream = new RawStream(node.address, path).listen();
  streams.push(stream);
  return stream;
}

const SECRET = Buffer.alloc(SECRET_BYTES, 1);
const encoded = (frame: SessionFrame): Uint8Array => encodeSessionFrame(frame, SECRET);

const hello: HelloFrame = {
  kind: 'hello',
  group: 'counters',
  connection: connectionOf(SECRET),
  fresh: true,
  term: NO_TERM,
  repliesSeenUpTo: NO_SEQ,
  sentAtMs: 1,
  settings: 0,
};

const peerHello = (change: object = {}) => ({
  group: 'counters',
  member: { id: 'r9' as ReplicaId, incarnation: 'a'.repeat(32) as Incarnation },
  address: '127.0.0.1:9',
  ...change,
});

describe("a client's link", () => {
  it('is welcomed', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const stream = open(node, MULTICAST);
    stream.send(encoded(hello));
    expect(decodeReplyFrame(await stream.next())).toMatchObject({ kind: 'welcome', view: { primary: 'r1' } });
    expect(node.status.sessions).toBe(1);
  });

  it.each([
    ['no frame message', Buffer.from('garbage')],
    ['a frame of no kind', Buffer.from([0x0a, 2, 1, 0x99])],
    ['an empty message', Buffer.alloc(0)],
  ])('ends as malformed when it carries %s, and nothing else ends', async (_what, message) => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const good = open(node, MULTICAST);
    good.send(encoded(hello));
    await good.next();
    const bad = open(node, MULTICAST);
    bad.sendRaw(message);
    const status = await bad.ended;
    expect(status.code).toBe(3);
    expect(status.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_MALFORMED']);
    good.send(encoded(hello));
    expect(decodeReplyFrame(await good.next()).kind).toBe('welcome');
    expect(await node.add('a', 1)).toEqual({ error: null, value: 1 });
  });

  it('stays open when it is not read, holds up no other link, and brings everything once it is read', async () => {
    const reads = { name: [{ service: 'test.Counter', method: 'Blob' }], readOnly: true };
    stage = new Stage(memoryCoordinator(), { methods: [reads] });
    const node = await stage.start('r1');
    const stream = new RawStream(node.address, MULTICAST);
    streams.push(stream);
    stream.send(encoded(hello));
    const header = { term: NO_TERM, sentAtMs: 2, repliesSeenUpTo: NO_SEQ, destOrderInfo: [], closing: false };
    const request = { method: counterService.Blob.path, message: Buffer.from('1000000') };
    for (let readId = 1; readId <= 40; readId++) {
      stream.send(encoded({ kind: 'multicast', header, requests: [], reads: [{ readId, request }], streams: [] }));
    }
    expect(await node.add('a', 1)).toEqual({ error: null, value: 1 });
    stream.listen();
    const answered = new Set<number>();
    const assembler = new Assembler();
    while (answered.size < 40) {
      const bytes = assembler.push(await stream.next());
      const frame = bytes && decodeReplyFrame(bytes);
      if (frame?.kind === 'replies') for (const { readId } of frame.reads) answered.add(readId);
    }
    expect(stage.logged.join()).not.toContain('a client does not read its link');
  });

  it('ends as malformed when it begins with a frame that is longer than a hello can be', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const stream = open(node, MULTICAST);
    // The parts of a frame that never ends.
    for (let part = 0; part < 20; part++)
      stream.sendRaw(Buffer.from(wrapFrame(Buffer.concat([PART, Buffer.alloc(4096)]))));
    expect(await stream.ended).toMatchObject({ code: 3 });
  });

  it('is refused at once when its connection has half of all sessions, and others are welcomed', async () => {
    stage = new Stage(memoryCoordinator(), { sessionsMax: 8 });
    const node = await stage.start('r1');
    const answers: string[] = [];
    for (let i = 0; i < 6; i++) {
      const stream = open(node, MULTICAST);
      const secret = Buffer.alloc(SECRET_BYTES, i + 2);
      stream.send(encodeSessionFrame({ ...hello, connection: connectionOf(secret) }, secret));
      const answer = decodeReplyFrame(await stream.next());
      answers.push(answer.kind === 'refused' ? answer.code : answer.kind);
    }
    expect(answers).toEqual([...Array(4).fill('welcome'), 'UNDERSTUDY_OVERLOADED', 'UNDERSTUDY_OVERLOADED']);
    expect(await node.add('a', 1)).toEqual({ error: null, value: 1 });
  });

  it('ends with a status that says that the replica does not run', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.bind('r1');
    expect(await open(node, MULTICAST).ended).toMatchObject({ code: 14 });
  });
});

describe("a peer's link", () => {
  it('is answered with a hello', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const stream = open(node, REPLICATION);
    stream.send(encodePeerHello(peerHello()));
    expect(decodePeerHello(await stream.next())).toMatchObject({ member: { id: 'r1' }, address: node.address });
  });

  it.each([
    ['another group', { group: 'others' }, 'belongs to group others'],
    ['our own name', { member: { id: 'r1', incarnation: 'b'.repeat(32) } }, 'two replicas are named r1'],
  ])('is refused with the reason when it comes from a replica with %s', async (_what, change, reason) => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const stream = open(node, REPLICATION);
    stream.send(encodePeerHello(peerHello(change)));
    const status = await stream.ended;
    expect(status.code).toBe(9);
    expect(status.details).toContain(reason);
    expect(status.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_SETUP']);
  });

  it.each([
    ['a replica', REPLICATION, () => encodePeerHello(peerHello())],
    ['a client', MULTICAST, () => encoded(hello)],
  ])(
    'of %s that speaks only later versions of the wire is refused, and says what to upgrade',
    async (_who, path, bytes) => {
      stage = new Stage(memoryCoordinator());
      const node = await stage.start('r1');
      const stream = open(node, path);
      // Behind the version and the kind: the oldest and the newest version that the sender speaks.
      const later = Buffer.from(bytes());
      later.set([3, 4], 2);
      stream.send(later);
      const status = await stream.ended;
      expect(status.code).toBe(9);
      expect(status.details).toContain(
        'this process speaks version 2 of the wire and the other versions 3 to 4; upgrade this one to a release that speaks both',
      );
    },
  );

  it('ends as malformed if it begins with something other than a hello', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const stream = open(node, REPLICATION);
    stream.send(encoded(hello));
    expect(await stream.ended).toMatchObject({ code: 3 });
  });

  it('gives way to a newer link of the same replica', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const older = open(node, REPLICATION);
    older.send(encodePeerHello(peerHello()));
    await older.next();
    const newer = open(node, REPLICATION);
    newer.send(encodePeerHello(peerHello()));
    await newer.next();
    expect(await older.ended).toMatchObject({ code: 0 });
  });
});
