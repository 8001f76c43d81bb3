import { describe, expect, it } from 'vitest';
import { Connection, SEQ_NUM_WINDOW } from './connection/connection.js';
import { Usage } from './connection/usage.js';
import type { HelloFrame, MulticastFrame, SessionFrame } from './model/frames.js';
import { type CallId, type ConnectionId, NO_SEQ, NO_TERM, type SeqNum } from './model/ids.js';
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

const TOTAL_BYTES = 8 * SESSION_BYTES;

/** A group with small budgets, an honest client C1 and a hostile one. */
class Stage {
  readonly said: string[] = [];
  readonly world: World;
  #plainCalls = 1_000_000;

  constructor(...words: readonly string[]) {
    this.world = groupWithHostile([...THREE, ...words], (line) => this.said.push(line), {
      budgets: { sessionBytes: SESSION_BYTES, totalBytes: TOTAL_BYTES, keyedBytes: SESSION_BYTES },
    });
  }

  /** A call of a client without our interceptor reaches the primary. Interceptors hold it if its text begins so. */
  plain(peer: string, text: string, bytes = 0): void {
    this.#plainCall(peer, text, { method: '/log.Log/Append', message: bytesOf(text.padEnd(bytes, 'x')) });
  }

  plainStream(peer: string, name: string): void {
    this.#plainCall(peer, name, { method: '/log.Log/Stream', message: bytesOf(''), stream: { kind: 'open' } });
    this.world.pass(20);
  }

  #plainCall(peer: string, text: string, request: Request): void {
    const call = this.#plainCalls++ as CallId;
    this.world.requests.texts.set(call, text);
    this.world.tell(this.world.server('S1'), { kind: 'plainCall', call, peer, readOnly: false, request });
  }

  /** A message on a plain client's stream, which is answered with an item that the client never takes. */
  plainMessage(stream: string, bytes: number): void {
    this.world.requests.plainPart('S1', stream, { kind: 'message', message: bytesOf('x'.repeat(bytes)) });
    this.world.settle();
  }

  /** As many sessions on one link, one after the other, each send a replica one request. */
  fill(to: string, sessions: number, request: Request): void {
    for (let i = 0; i < sessions; i++) this.send(to, hello(sessionOf(100 + i)), multicast([[1, request]]));
    this.world.pass(100);
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

  it('if many sessions each send a backup one large body', () => {
    const stage = new Stage('sessionsMax=64');
    stage.fill('S2', 30, callOf(0.9 * SESSION_BYTES));
    expect(stage.kept('S2')).toBeLessThanOrEqual(TOTAL_BYTES);
    stage.expectHonestServed();
  });

  it('if many sessions each have one large reply kept', () => {
    const stage = new Stage('sessionsMax=64');
    stage.fill('S1', 30, { method: '/log.Log/Append', message: bytesOf('large-60000') });
    for (const name of ['S1', 'S2', 'S3']) expect(stage.kept(name)).toBeLessThan(1.4 * TOTAL_BYTES);
    expect(stage.heard('UNDERSTUDY_OVERLOADED').length).toBeGreaterThan(10);
  });

  it('if it numbers large bodies far beyond what anybody can have sent', () => {
    const stage = new Stage();
    for (const to of ['S1', 'S2']) stage.send(to, hello(sessionOf(9)));
    const before = ['S1', 'S2'].map((name) => stage.kept(name));
    for (const far of [SEQ_NUM_WINDOW + 1, 2 ** 32, 2 ** 48]) {
      for (const to of ['S1', 'S2']) stage.send(to, multicast([[far, callOf(16 * KIB)]]));
    }
    expect(['S1', 'S2'].map((name) => stage.kept(name))).toEqual(before);
    stage.expectHonestServed();
    // The last number of the window is kept like any other.
    stage.send('S2', multicast([[SEQ_NUM_WINDOW, callOf(16 * KIB)]]));
    expect(stage.kept('S2')).toBeGreaterThan((before[1] ?? 0) + 16 * KIB);
  });

  it('whatever numbers it leaves out', () => {
    const connection = new Connection(sessionOf(1), new Usage());
    for (let seqNum = 2; seqNum < 3 * SEQ_NUM_WINDOW; seqNum++) connection.markReceived(seqNum as SeqNum);
    expect(connection.receivedUpTo).toBe(3 * SEQ_NUM_WINDOW - 1);
  });
});

describe('what is kept for clients without our interceptor', () => {
  const MANY = 64;
  const flood = (stage: Stage, peer: (i: number) => string) => {
    for (let i = 0; i < MANY; i++) stage.plain(peer(i), `held${i}`, 16 * KIB);
  };

  it('from one address is a quarter of the budget at most, so that those at others are served', () => {
    const stage = new Stage('interceptors');
    flood(stage, (i) => `10.0.0.1:${1000 + i}`);
    expect(stage.kept('S1')).toBeLessThan(0.3 * TOTAL_BYTES);
    expect(stage.said.filter((line) => line.includes('fails held'))).not.toEqual([]);
    stage.plain('10.0.0.2:1', 'other');
    stage.plain('10.0.0.1:1', 'same');
    stage.world.pass(100);
    expect(stage.said.filter((line) => line.includes('answers other'))).toHaveLength(1);
    expect(stage.said.filter((line) => line.includes('fails same'))).toHaveLength(1);
    // Its calls have ended, so it has room again.
    stage.world.admit('S1');
    stage.world.pass(100);
    stage.plain('10.0.0.1:1', 'again');
    stage.world.pass(100);
    expect(stage.said.filter((line) => line.includes('answers again'))).toHaveLength(1);
  });

  it('from all addresses is half of the budget at most', () => {
    const stage = new Stage('interceptors');
    flood(stage, (i) => `10.0.${i}.1:1`);
    expect(stage.kept('S1')).toBeGreaterThan(0.45 * TOTAL_BYTES);
    expect(stage.kept('S1')).toBeLessThan(0.55 * TOTAL_BYTES);
  });

  it('counts in what is kept for all: nothing is added where sessions have used that up', () => {
    const stage = new Stage('interceptors', 'sessionsMax=64');
    const large = { method: '/log.Log/Append', message: bytesOf('large-60000') };
    stage.fill('S1', 9, large);
    expect(stage.kept('S1')).toBeGreaterThan(0.9 * TOTAL_BYTES);
    flood(stage, (i) => `10.0.${i}.1:1`);
    expect(stage.kept('S1')).toBeLessThan(1.1 * TOTAL_BYTES);
    stage.expectHonestServed();
  });

  it('on a stream whose items are not taken ends that stream, and none of another address', () => {
    const stage = new Stage();
    stage.plainStream('10.0.0.2:1', 'honest stream');
    stage.plainStream('10.0.0.1:1', 'greedy stream');
    const isOver = (): boolean => stage.said.some((line) => line.startsWith('S1  answers greedy stream << status'));
    let most = 0;
    for (let i = 0; i < 2000 && !isOver(); i++) {
      stage.plainMessage('greedy stream', 1);
      most = Math.max(most, stage.kept('S1'));
    }
    expect(isOver()).toBe(true);
    expect(most).toBeLessThan(0.45 * TOTAL_BYTES);
    const before = stage.said.length;
    stage.plainMessage('honest stream', 1);
    expect(stage.said.filter((line) => line.includes('<< status'))).toHaveLength(1);
    const items = stage.said.slice(before).filter((line) => line.startsWith('S1  answers honest stream << x'));
    expect(items).toHaveLength(1);
  });
});
