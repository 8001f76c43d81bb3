import { describe, expect, it } from 'vitest';
import { parseServiceConfig } from '../../config/service-config.js';
import type { RepliesFrame } from '../../model/frames.js';
import {
  connectionId,
  type Incarnation,
  type LinkId,
  NO_SEQ,
  NO_TERM,
  type ReplicaId,
  type SeqNum,
} from '../../model/ids.js';
import { createRecord } from '../../record/transitions.js';
import { SECRET } from '../../testing/world/identity.js';
import { VIRTUAL_PORTS } from '../../testing/world/virtual-ports.js';
import { Replica } from '../replica.js';
import type { ReplicaEffect, Task } from '../state/events.js';

const BRINGS = { settings: '{}', version: '', replication: 'semi-active' } as const;
const member = { id: 'S1' as ReplicaId, incarnation: '1'.repeat(32) as Incarnation };
const link = 1 as LinkId;
const connection = connectionId('session', '2'.repeat(32));
/** The client's clock is an hour behind. */
const SKEW_MS = 3_600_000;
const HANDLER_MS = 10;

/** A lone primary with one client, whose handlers take 10 ms each. */
class Served {
  readonly #replica: Replica;
  #task: Task | undefined;
  #lastSeq = 0;
  nowMs = 1_000;
  executed = 0;
  readonly refused: string[] = [];

  constructor() {
    const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'bank' } }] });
    this.#replica = new Replica({
      member,
      address: 'localhost:1',
      config,
      admits: false,
      ...VIRTUAL_PORTS,
      wallClock: () => SKEW_MS + this.nowMs,
    });
    this.#step({ kind: 'start', record: createRecord('bank', member, 'localhost:1', SECRET, BRINGS) });
    const heard = { term: NO_TERM, repliesSeenUpTo: NO_SEQ, sentAtMs: 0, settings: 0 };
    const hello = { kind: 'hello', group: 'bank', connection, fresh: true, wallMs: this.nowMs, ...heard } as const;
    this.#step({ kind: 'sessionFrame', link, peer: '', frame: hello });
  }

  /** The client makes calls whose deadlines are in so many milliseconds, by its clock. */
  call(count: number, withinMs: number): void {
    const requests = Array.from({ length: count }, () => ({
      seqNum: ++this.#lastSeq as SeqNum,
      request: { method: '/bank.Bank/Put', message: new Uint8Array(0), deadlineMs: this.nowMs + withinMs },
      awaitStable: false,
    }));
    const header = { term: NO_TERM, repliesSeenUpTo: NO_SEQ, sentAtMs: 0, destOrderInfo: [], closing: false };
    const frame = { kind: 'multicast', header, requests, reads: [], streams: [] } as const;
    this.#step({ kind: 'sessionFrame', link, peer: '', frame });
    this.#step({ kind: 'flush' });
  }

  /** The handlers of so many calls end, one after the other. */
  serve(count: number): void {
    for (let i = 0; i < count && this.#task !== undefined; i++) {
      const task = this.#task;
      this.#task = undefined;
      this.nowMs += HANDLER_MS;
      const outcome = { kind: 'reply' as const, code: 0, details: '' };
      this.#step({ kind: 'executed', task, outcome, digest: 0, outputs: [] });
    }
    this.#step({ kind: 'flush' });
  }

  #step(event: Parameters<Replica['step']>[0]): void {
    for (const effect of this.#replica.step(event, this.nowMs)) this.#on(effect);
  }

  #on(effect: ReplicaEffect): void {
    if (effect.kind === 'execute') {
      this.#task = effect.task;
      this.executed++;
    }
    if (effect.kind === 'sendToSession' && effect.frame.kind === 'replies') this.#replies(effect.frame);
  }

  #replies({ replies }: RepliesFrame): void {
    for (const { outcome } of replies)
      if (outcome.kind === 'reply' && outcome.code !== 0) this.refused.push(outcome.details);
  }
}

describe('a call that waits for its turn', () => {
  it('is not processed when its deadline has passed, whatever the clock of its client shows', () => {
    const served = new Served();
    served.call(10, 45);
    served.serve(10);
    expect(served.executed).toBe(5);
    expect(served.refused).toHaveLength(5);
    expect(served.refused[0]).toContain(
      'the deadline of the call passed while it waited for its turn; nothing was done',
    );
  });

  it('is processed even if its deadline seems to have passed on arrival, because clocks may differ', () => {
    const served = new Served();
    served.call(3, -1);
    served.serve(3);
    expect(served.executed).toBe(3);
  });
});

describe('when more calls wait than can have their turn in time', () => {
  it('a new one is refused at once, and those before it are answered', () => {
    const served = new Served();
    served.call(500, 60_000);
    served.serve(200);
    served.call(1, 2_000);
    served.serve(0);
    expect(served.refused).toHaveLength(0);
    served.serve(1);
    expect(served.refused).toEqual([expect.stringContaining('the deadline of this one would pass before its turn')]);
    served.call(1, 10_000);
    served.serve(400);
    expect(served.refused).toHaveLength(1);
    expect(served.executed).toBe(501);
  });

  it('a new one is refused however many were refused before: those take no time', () => {
    const served = new Served();
    served.call(500, 60_000);
    served.serve(100);
    for (let turn = 0; turn < 100; turn++) {
      served.call(10, 100);
      served.serve(1);
    }
    expect(served.refused).toHaveLength(1_000);
    served.call(1, 3_500);
    served.serve(1);
    expect(served.refused).toHaveLength(1_001);
    expect(served.executed).toBe(202);
  });

  it('those whose turn comes late are passed over while others wait that still have time', () => {
    const served = new Served();
    served.call(300, 1_000);
    served.call(200, 60_000);
    served.serve(500);
    // 81 have their turn in the first 800 ms; the next are refused, and the patient ones are served.
    expect(served.refused).toHaveLength(219);
    expect(served.executed).toBe(281);
  });
});
