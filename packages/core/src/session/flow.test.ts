import { describe, expect, it } from 'vitest';
import { parseServiceConfig } from '../config/service-config.js';
import {
  type CallId,
  connectionId,
  type Epoch,
  type Incarnation,
  type ReplicaId,
  type SeqNum,
  type Term,
} from '../model/ids.js';
import type { SessionEffect, SessionEvent } from './events.js';
import { Session } from './session.js';

const MIB = 1024 * 1024;
const replica = { id: 'S1' as ReplicaId, incarnation: '0'.repeat(32) as Incarnation };
const view = {
  term: 1 as Term,
  epoch: 1 as Epoch,
  primary: replica.id,
  inSync: [replica],
  adoptedThrough: [],
  addresses: [],
};
const welcome = { kind: 'welcome', replica, view, receivedUpTo: 0 as SeqNum, reflect: false } as const;

/** A session of one replica, which keeps 8 MiB for it. */
class Client {
  readonly #session: Session;
  readonly #sessionMs: number;
  nowMs = 0;
  failed: string[] = [];
  /** What travels on the link: the numbers of the requests of each frame; bulk frames are marked. */
  frames: string[] = [];
  ended = false;

  constructor() {
    const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'test' } }] });
    this.#session = new Session({ connection: connectionId('session', '1'.repeat(32)), slots: 1, config });
    this.#sessionMs = config.sessionMs;
    this.connect({});
  }

  connect(has: { receivedUpTo?: SeqNum; receivedEarly?: SeqNum[] }): void {
    this.step({ kind: 'linkUp', slot: 0 });
    const frame = { ...welcome, ...has, heartbeatMs: this.nowMs, sessionMs: this.#sessionMs, sessionBytes: 8 * MIB };
    this.step({ kind: 'frame', slot: 0, frame });
    this.flush();
  }

  call(id: number, bytes: number): void {
    const request = { method: '/test.Test/Call', message: new Uint8Array(bytes) };
    this.step({ kind: 'call', call: id as CallId, request, readOnly: false });
  }

  flush(): void {
    this.step({ kind: 'flush' });
  }

  step(event: SessionEvent): void {
    for (const effect of this.#session.step(event, this.nowMs)) this.#on(effect);
  }

  /** Goes on until nothing more leaves. */
  sendAll(): void {
    for (let before = -1; before !== this.frames.length; ) {
      before = this.frames.length;
      this.step({ kind: 'sent', slot: 0 });
    }
  }

  sleep(): void {
    this.nowMs += 10 * this.#sessionMs;
  }

  #on(effect: SessionEffect): void {
    if (effect.kind === 'fail') this.failed.push(`${effect.call}: ${effect.code}, ${effect.mayHaveTakenEffect}`);
    if (effect.kind === 'ended') this.ended = true;
    if (effect.kind !== 'send' || effect.frame.kind !== 'multicast') return;
    const numbers = effect.frame.requests.map(({ seqNum }) => seqNum).join(' ');
    if (numbers !== '') this.frames.push(effect.bulk ? `bulk ${numbers}` : numbers);
  }
}

describe('large requests', () => {
  it('travel alone, and small ones go first', () => {
    const client = new Client();
    client.call(1, MIB / 2);
    client.call(2, 10);
    client.call(3, 10);
    client.flush();
    expect(client.frames).toEqual(['2 3', 'bulk 1']);
  });

  it('wait while 1 MiB is on its way, and leave when the link has passed on something', () => {
    const client = new Client();
    for (let id = 1; id <= 4; id++) client.call(id, MIB);
    client.flush();
    expect(client.frames).toEqual(['bulk 1']);
    client.step({ kind: 'sent', slot: 0 });
    expect(client.frames).toEqual(['bulk 1', 'bulk 2']);
    client.sendAll();
    expect(client.frames).toEqual(['bulk 1', 'bulk 2', 'bulk 3', 'bulk 4']);
  });

  it('wait beyond half of the budget of the session, and hold up no small ones', () => {
    const client = new Client();
    for (let id = 1; id <= 6; id++) client.call(id, MIB);
    client.call(7, 10);
    client.flush();
    client.sendAll();
    expect(client.frames).toEqual(['5', 'bulk 1', 'bulk 2', 'bulk 3', 'bulk 4']);
    expect(client.failed).toEqual([]);
  });

  it('are refused at once if no replica would ever take them', () => {
    const client = new Client();
    client.call(1, 10 * MIB + 1);
    client.call(2, 10 * MIB);
    client.flush();
    expect(client.failed).toEqual(['1: UNDERSTUDY_OVERLOADED, false']);
    expect(client.frames).toEqual(['bulk 1']);
  });

  it('that arrived are not sent again on the next link', () => {
    const client = new Client();
    for (let id = 1; id <= 4; id++) client.call(id, MIB);
    client.flush();
    client.sendAll();
    client.step({ kind: 'linkDown', slot: 0 });
    client.frames = [];
    client.connect({ receivedUpTo: 1 as SeqNum, receivedEarly: [3 as SeqNum] });
    client.sendAll();
    // The primary is asked for its replies to 1 and 3 by name, since replies may have been lost with the link.
    expect(client.frames.filter((frame) => frame === 'bulk 2' || frame === 'bulk 4')).toEqual(['bulk 2', 'bulk 4']);
  });
});

describe('a link with many waiting bytes', () => {
  it('gets nothing more until it has room, and then everything that is still kept', () => {
    const client = new Client();
    client.step({ kind: 'linkRoom', slot: 0, full: true });
    client.call(1, 10);
    client.call(2, MIB);
    client.flush();
    client.nowMs += 1000;
    client.step({ kind: 'tick' });
    client.flush();
    expect(client.frames).toEqual([]);
    client.step({ kind: 'linkRoom', slot: 0, full: false });
    client.flush();
    expect(client.frames).toEqual(['1', 'bulk 2']);
  });

  it('is not full when it is new', () => {
    const client = new Client();
    client.step({ kind: 'linkRoom', slot: 0, full: true });
    client.step({ kind: 'linkDown', slot: 0 });
    client.connect({});
    client.call(1, 10);
    client.flush();
    expect(client.frames).toEqual(['1']);
  });
});

describe('after a long sleep', () => {
  it('a new call waits for a word of the primary', () => {
    const client = new Client();
    client.sleep();
    client.call(1, 10);
    client.flush();
    expect(client.frames).toEqual([]);
    const header = { term: view.term, sourceOrderInfo: [], stableUpTo: 0, heartbeatMs: client.nowMs } as never;
    client.step({ kind: 'frame', slot: 0, frame: { kind: 'replies', header, replies: [], reads: [], items: [] } });
    client.flush();
    expect(client.frames).toEqual(['1']);
  });

  it('a new call has certainly had no effect if the session has expired meanwhile, so that another can make it', () => {
    const client = new Client();
    client.call(1, 10);
    client.flush();
    client.sleep();
    client.call(2, 10);
    const reason = 'its records were freed';
    client.step({ kind: 'frame', slot: 0, frame: { kind: 'refused', code: 'UNDERSTUDY_SESSION_EXPIRED', reason } });
    expect(client.failed).toEqual(['2: UNDERSTUDY_SESSION_EXPIRED, false', '1: UNDERSTUDY_SESSION_EXPIRED, true']);
    expect(client.ended).toBe(true);
  });
});
