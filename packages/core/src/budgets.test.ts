import { describe, expect, it } from 'vitest';
import { Connection, SEQ_NUM_WINDOW } from './connection/connection.js';
import { Usage } from './connection/usage.js';
import type { HelloFrame, MulticastFrame, SessionFrame } from './model/frames.js';
import { type ConnectionId, NO_SEQ, NO_TERM, type SeqNum } from './model/ids.js';
import type { Request } from './model/message.js';
import { groupWithHostile, HOSTILE } from './testing/hostile/client.js';
import type { World } from './testing/scenario/world.js';
import { bytesOf } from './testing/text.js';
import { sessionOf } from './testing/world/identity.js';

const SESSION_BYTES = 65_536;
const THREE = ['replicas=S1,S2,S3'];
const KIB = 1024;

const HEARD = { term: NO_TERM, repliesSeenUpTo: NO_SEQ, sentAtMs: 0 };
const hello = (connection: ConnectionId): HelloFrame => ({
  kind: 'hello',
  group: 'g',
  settings: 0,
  connection,
  fresh: true,
  ...HEARD,
});

function multicast(requests: readonly (readonly [seqNum: number, request: Request])[]): MulticastFrame {
  return {
    kind: 'multicast',
    header: { ...HEARD, destOrderInfo: [], closing: false },
    requests: requests.map(([seqNum, request]) => ({ seqNum: seqNum as SeqNum, request, awaitStable: false })),
    reads: [],
    streams: [],
  };
}

const callOf = (bytes: number): Request => ({ method: '/log.Log/Append', message: bytesOf('x'.repeat(bytes)) });

/** A group with small budgets, an honest client C1 and a hostile one. */
class Stage {
  readonly said: string[] = [];
  readonly world: World;

  constructor(...words: readonly string[]) {
    this.world = groupWithHostile([...THREE, ...words], (line) => this.said.push(line), {
      budgets: { sessionBytes: SESSION_BYTES, totalBytes: 8 * SESSION_BYTES, keyedBytes: SESSION_BYTES },
    });
  }

  send(to: string, ...frames: readonly SessionFrame[]): void {
    for (const frame of frames) {
      this.world.links.send(HOSTILE, to, frame);
      this.world.settle();
      this.world.links.reconnect();
    }
  }

  kept(name: string): number {
    return this.world.server(name).core?.status.keptBytes ?? Number.NaN;
  }

  /** An honest client is served while all this goes on. */
  expectHonestServed(): void {
    this.world.requests.call('C1', 'honest');
    this.world.pass(100);
    expect(this.said.filter((line) => line.startsWith('C1  delivered honest'))).toHaveLength(1);
  }

  heard(part: string): string[] {
    return this.said.filter((line) => line.includes(`>${HOSTILE}  `) && line.includes(part));
  }
}

describe('the memory kept for a client stays within its budget', () => {
  it('if its bodies are metadata of many tiny entries, which take far more memory than they have bytes', () => {
    const stage = new Stage();
    const metadata = Array.from({ length: 1024 }, () => ['a', ''] as const);
    const bodies = Array.from({ length: 20 }, (_, i) => multicast([[i + 1, { ...callOf(1), metadata }]]));
    stage.send('S2', hello(sessionOf(9)), ...bodies);
    // More than one would fit if only the bytes of keys and values counted.
    expect(stage.world.server('S2').core?.status.unordered).toBe(1);
    stage.expectHonestServed();
  });

  it('if it sends bodies to one backup only, which fetches what is ordered after all from the primary', () => {
    const stage = new Stage();
    const bodies = Array.from({ length: 400 }, (_, i) => multicast([[i + 1, callOf(KIB)]]));
    stage.send('S2', hello(sessionOf(9)), ...bodies);
    expect(stage.kept('S2')).toBeLessThan(1.1 * SESSION_BYTES);
    stage.expectHonestServed();
    stage.send('S1', hello(sessionOf(9)), ...bodies.slice(0, 20));
    stage.world.pass(500);
    const held = (name: string) => stage.world.server(name).core?.status.processedUpTo;
    expect(held('S1')).toBe(21);
    expect(held('S2')).toBe(21);
  });

  it('if it acknowledges no reply: it is refused from then on, and the order has the refusals', () => {
    const stage = new Stage();
    stage.send('S1', hello(sessionOf(9)));
    for (let i = 1; i <= 400; i++) stage.send('S1', multicast([[i, callOf(1)]]));
    stage.world.pass(500);
    expect(stage.heard('UNDERSTUDY_OVERLOADED').length).toBeGreaterThan(1);
    for (const name of ['S1', 'S2', 'S3']) expect(stage.kept(name)).toBeLessThan(3 * SESSION_BYTES);
    stage.expectHonestServed();
  });

  it('if it has the primary keep bodies that cannot be ordered yet', () => {
    const stage = new Stage();
    const part = (position: number): Request => ({
      ...callOf(KIB),
      stream: { kind: 'message', of: 1 as SeqNum, position },
    });
    stage.send('S1', hello(sessionOf(9)), multicast([[1, { ...callOf(1), stream: { kind: 'open' } }]]));
    for (let i = 2; i < 400; i++) stage.send('S1', multicast([[i, part(i)]]));
    expect(stage.kept('S1')).toBeLessThan(3 * SESSION_BYTES);
    stage.expectHonestServed();
  });

  it('if it takes no item of its streams: they end, and say which budget is used up', () => {
    const stage = new Stage();
    const part = (position: number): Request => ({
      ...callOf(1),
      stream: { kind: 'message', of: 1 as SeqNum, position },
    });
    stage.send('S1', hello(sessionOf(9)), multicast([[1, { ...callOf(1), stream: { kind: 'open' } }]]));
    for (let i = 2; i < 400; i++) {
      const acknowledging = { ...multicast([[i, part(i - 1)]]) };
      stage.send('S1', { ...acknowledging, header: { ...acknowledging.header, repliesSeenUpTo: (i - 1) as SeqNum } });
    }
    stage.world.pass(500);
    expect(stage.heard('status').length).toBeGreaterThan(0);
    for (const name of ['S1', 'S2', 'S3']) expect(stage.kept(name)).toBeLessThan(3 * SESSION_BYTES);
    stage.expectHonestServed();
  });

  it('if calls with idempotency keys are many: all replicas free the same ones', () => {
    const stage = new Stage();
    for (let i = 0; i < 600; i++) stage.world.requests.plainCall('S1', `keyed${i}`, `key${i}`);
    stage.world.pass(500);
    for (const name of ['S1', 'S2', 'S3']) expect(stage.kept(name)).toBeLessThan(1.5 * SESSION_BYTES);
    expect(stage.kept('S2')).toBe(stage.kept('S1'));
    stage.expectHonestServed();
  });

  it('if it comes and goes at a backup or at the primary and never calls: nothing is kept', () => {
    const stage = new Stage();
    const before = ['S1', 'S2'].map((name) => stage.kept(name));
    for (let i = 0; i < 200; i++) stage.send(i % 2 ? 'S1' : 'S2', hello(sessionOf(1000 + i)), { kind: 'goodbye' });
    expect(['S1', 'S2'].map((name) => stage.kept(name))).toEqual(before);
    expect(stage.world.server('S1').core?.status.processedUpTo).toBe(0);
  });

  it('whatever numbers it leaves out', () => {
    const connection = new Connection(sessionOf(1), new Usage());
    for (let seqNum = 2; seqNum < 3 * SEQ_NUM_WINDOW; seqNum++) connection.markReceived(seqNum as SeqNum);
    expect(connection.receivedUpTo).toBe(3 * SEQ_NUM_WINDOW - 1);
  });
});
