import { describe, expect, it } from 'vitest';
import { parseServiceConfig } from '../../config/service-config.js';
import type { CallId, Incarnation, ReplicaId } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { createRecord } from '../../record/transitions.js';
import { SECRET } from '../../testing/world/identity.js';
import { VIRTUAL_PORTS } from '../../testing/world/virtual-ports.js';
import { Replica } from '../replica.js';
import type { ReplicaEffect, Task } from '../state/events.js';

const member = { id: 'S1' as ReplicaId, incarnation: '1'.repeat(32) as Incarnation };
const PUT = { method: '/a.B/Put', message: new Uint8Array(0) };

/** A lone primary whose handlers end when a test says so, called by clients without sessions. */
class Served {
  readonly #replica: Replica;
  #task: Task | undefined;
  /** What was asked, by the place of the request among all. */
  readonly #asked: string[] = [];
  readonly executed: string[] = [];
  readonly refused: string[] = [];
  readonly reasons: string[] = [];
  readonly admissions: { readonly text: string; readonly admission: number }[] = [];
  readonly dropped: number[] = [];

  constructor(settings: object, admits = false) {
    const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'a', ...settings } }] });
    const compares = (a: { request: Request }, b: { request: Request }) => rankOf(a.request) - rankOf(b.request);
    this.#replica = new Replica({
      ...{ member, address: 'localhost:1', config, admits, criteria: { compares } },
      ...VIRTUAL_PORTS,
      wallClock: () => 0,
    });
    const brings = { settings: JSON.stringify(settings), version: '', replication: 'semi-active' } as const;
    this.#step({ kind: 'start', record: createRecord('a', member, 'localhost:1', SECRET, brings) });
    this.call('running', 0);
    this.admit();
  }

  get waiting(): number {
    return this.#replica.status.unordered;
  }

  /** A call of lower rank goes first. */
  call(
    text: string,
    rank: number,
    { readOnly = false, ...more }: Partial<Request> & { readOnly?: boolean } = {},
  ): void {
    const request = { ...PUT, metadata: [['text', text] as const, ['rank', `${rank}`] as const], ...more };
    const call = this.#asked.push(text) as CallId;
    this.#step({ kind: 'plainCall', call, peer: '', readOnly, request });
  }

  /** The interceptors let everything pass that they hold. */
  admit(): void {
    for (const { admission } of this.admissions.splice(0)) this.#step({ kind: 'admitted', admission });
  }

  /** All handlers end, one after the other. */
  serve(): void {
    while (this.#task !== undefined) {
      const task = this.#task;
      this.#task = undefined;
      this.#step({ kind: 'executed', task, outcome: { kind: 'reply', code: 0, details: '' }, digest: 0 });
    }
    this.#step({ kind: 'flush' });
  }

  #step(event: Parameters<Replica['step']>[0]): void {
    for (const effect of this.#replica.step(event, 1000)) this.#on(effect);
  }

  #on(effect: ReplicaEffect): void {
    switch (effect.kind) {
      case 'execute':
        this.#task = effect.task;
        this.executed.push(textOf(effect.task.request));
        break;
      case 'admit':
        this.admissions.push({ text: textOf(effect.request), admission: effect.admission });
        break;
      case 'dropAdmission':
        this.dropped.push(effect.admission);
        break;
      case 'failCall':
        this.refused.push(this.#asked[effect.call - 1] ?? '');
        this.reasons.push(`${effect.code}: ${effect.reason}`);
    }
  }
}

const entry = ({ metadata }: Request, name: string): string => String(metadata?.find(([key]) => key === name)?.[1]);
const textOf = (request: Request): string => entry(request, 'text');
const rankOf = (request: Request): number => Number(entry(request, 'rank'));

describe('calls without a session at the bound of the queue', () => {
  it('are refused in the order in which they come where the criterion ranks none, however many they are', () => {
    const served = new Served({ queueMax: 5000 });
    for (let i = 0; i < 6000; i++) served.call(`${i}`, 0);
    expect(served.waiting).toBe(5000);
    expect(served.refused).toEqual(Array.from({ length: 1000 }, (_, i) => `${5000 + i}`));
    expect(new Set(served.reasons)).toEqual(
      new Set(['UNDERSTUDY_OVERLOADED: as many requests as queueMax allows wait to be ordered; nothing was done']),
    );
  });

  it('make room for one that goes before them, and are told so', () => {
    const served = new Served({ queueMax: 3, ordering: 'custom' });
    for (const [text, rank] of [
      ['b', 20],
      ['d', 40],
      ['c', 30],
      ['e', 50],
      ['a', 10],
      ['d again', 30],
    ] as const)
      served.call(text, rank);
    expect(served.refused).toEqual(['e', 'd', 'd again']);
    expect(served.reasons[1]).toBe(
      'UNDERSTUDY_OVERLOADED: as many requests as queueMax allows wait to be ordered, and others go before this one; nothing was done',
    );
    served.serve();
    expect(served.executed).toEqual(['running', 'a', 'b', 'c']);
  });

  it('make room for reads, and these for them', () => {
    const served = new Served({ queueMax: 3, ordering: 'custom' });
    served.call('b', 20);
    served.call('c', 30);
    served.call('d', 40);
    served.call('a', 10, { readOnly: true });
    expect(served.refused).toEqual(['d']);
    served.call('0', 0);
    served.call('1', 1);
    expect(served.refused).toEqual(['d', 'c', 'b']);
    served.call('z', 15, { readOnly: true });
    expect(served.refused).toEqual(['d', 'c', 'b', 'z']);
    served.serve();
    served.call('c', 30);
    served.call('e', 50, { readOnly: true });
    served.call('b', 20);
    served.call('a', 10);
    expect(served.refused).toEqual(['d', 'c', 'b', 'z']);
    served.call('0', 0);
    expect(served.refused).toEqual(['d', 'c', 'b', 'z', 'e']);
  });

  it('leave their idempotency keys free for another try', () => {
    const served = new Served({ queueMax: 1, ordering: 'custom' });
    served.call('kept', 20, { key: 'k' });
    served.call('joins', 20, { key: 'k' });
    served.call('first', 10);
    expect(served.refused).toEqual(['joins', 'kept']);
    served.serve();
    served.call('again', 20, { key: 'k' });
    served.serve();
    expect(served.executed).toEqual(['running', 'first', 'again']);
  });

  it('make room only for one that the interceptors let pass', () => {
    const served = new Served({ queueMax: 1, ordering: 'custom' }, true);
    served.call('waits', 20);
    served.admit();
    served.call('worse', 30);
    expect(served.admissions).toEqual([]);
    served.call('better', 10);
    served.call('best', 5);
    expect(served.refused).toEqual(['worse']);
    expect(served.dropped).toEqual([]);
    served.admit();
    expect(served.refused).toEqual(['worse', 'waits', 'better']);
    expect(served.dropped).toHaveLength(2);
    served.serve();
    expect(served.executed).toEqual(['running', 'best']);
  });

  it('do not make room without end while nothing can be ordered', () => {
    const served = new Served({ queueMax: 10, ordering: 'custom' });
    for (let rank = 1000; rank > 0; rank--) served.call(`${rank}`, rank);
    expect(served.waiting).toBe(10);
    expect(served.refused.filter((text) => Number(text) <= 1000 - 20)).toHaveLength(980);
    served.serve();
    expect(served.executed.slice(1)).toEqual(Array.from({ length: 10 }, (_, i) => `${981 + i}`));
  });
});
