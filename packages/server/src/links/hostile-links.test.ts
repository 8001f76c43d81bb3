import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { Chunker } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { addition, EMPTY, HEADER, RawSession, secretOf } from '../testing/links/raw-session.js';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
const sessions: RawSession[] = [];
afterEach(async () => {
  for (const { stream } of sessions.splice(0)) stream.close();
  await stage.end();
});

function sessionOn(node: Node, byte = 1): RawSession {
  const session = new RawSession(node, secretOf(byte));
  sessions.push(session);
  return session;
}

const loggedAs = (event: string): string[] => stage.logged.filter((line) => line.startsWith(`warn ${event}`));

describe('a client that is refused again and again does not fill the log', () => {
  it('by frames that are malformed, each in another way', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const ends = Array.from({ length: 100 }, (_, i) => {
      const { stream } = sessionOn(node);
      // A version that nobody speaks, and then kinds that nobody knows.
      stream.send(i < 50 ? Uint8Array.of(3 + i, 1) : Uint8Array.of(2, 50 + i));
      return stream.ended;
    });
    for (const { details } of await Promise.all(ends)) expect(details).toContain('UNDERSTUDY_MALFORMED');
    expect(loggedAs('a client sent a malformed frame')).toHaveLength(32);
    expect(await node.add('honest', 1)).toEqual({ error: null, value: 1 });
  });

  it('by orders that no replica sealed, each from another session', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const box = { term: 1, first: 1, last: 1, box: Buffer.alloc(64) } as never;
    for (let i = 0; i < 60; i++) {
      const session = sessionOn(node, i);
      await session.hello();
      session.send({ ...EMPTY, header: { ...HEADER, destOrderInfo: [box] } });
      await session.stream.ended;
    }
    expect(node.status.forgedOrders).toBe(60);
    expect(loggedAs('a client reflected orders')).toHaveLength(32);
    expect(await node.add('honest', 1)).toEqual({ error: null, value: 1 });
  });
});

it('a frame of millions of tiny requests is refused at once, before it fills the memory', async () => {
  stage = new Stage(memoryCoordinator());
  const node = await stage.start('r1');
  const session = sessionOn(node);
  await session.hello();
  const COUNT = 3_000_000;
  const head = Buffer.from('02020001000000000000f03f0000', 'hex');
  // How many there are, as a varint; the first one's method; and three bytes each for the others.
  const count = [COUNT & 0x7f, (COUNT >> 7) & 0x7f, (COUNT >> 14) & 0x7f, COUNT >> 21].map((b, i) =>
    i < 3 ? b | 0x80 : b,
  );
  const first = Uint8Array.of(0, 0, 1, 0x61, 0);
  const frame = Buffer.concat([head, Uint8Array.from(count), first, Buffer.alloc(3 * (COUNT - 1) + 3)]);
  for (const chunk of new Chunker().split(frame)) session.stream.send(chunk);
  expect((await session.stream.ended).details).toContain('a frame of more than 262144 entries');
  expect(await node.add('honest', 1)).toEqual({ error: null, value: 1 });
});

describe('metadata in a frame that no connection would carry', () => {
  it('reaches no handler, and changes nothing for other clients', async () => {
    stage = new Stage(memoryCoordinator());
    const nodes = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => nodes[0].status.inSync.length === 2);
    const session = sessionOn(nodes[0]);
    await session.hello();
    const odd: (readonly [string, string | Uint8Array])[] = [
      ...[
        ['', 'a'],
        ['User', 'b'],
        ['us\ner', 'c'],
        ['user', 'd\r\nuser: e'],
        ['user-bin', 'f'],
        ['user', '\ud800'],
      ],
      ['user', Buffer.from('g')],
      ...[
        ['__proto__', 'h'],
        ['constructor', 'i'],
        ['user', 'true'],
      ],
    ] as never;
    session.request(1, { ...addition('a'), metadata: odd, deadlineMs: Number.NEGATIVE_INFINITY });
    expect(await session.reply()).toBe('1');
    await stage.until(() => nodes[1].status.processedUpTo === 1);
    for (const { counter } of nodes) expect(counter.users).toEqual(['b', 'true']);
    expect(nodes[1].status.refusedBodies).toBe(0);
  });
});
