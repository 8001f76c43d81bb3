import { describe, expect, it } from 'vitest';
import { parseServiceConfig } from '../config/service-config.js';
import { Connection } from '../connection/connection.js';
import { Usage } from '../connection/usage.js';
import { type CallId, type ConnectionKind, connectionId, type SeqNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import { bytesOf, textOf } from '../testing/text.js';
import { type CriteriaPorts, schedulerOf } from './criteria.js';
import { Heap } from './heap.js';
import type { Scheduler, WaitingCall } from './scheduler.js';

/** Calls with and without a session, named by their text. */
class Calls {
  readonly #connections = new Map<ConnectionKind, Connection>();
  #numbers = 0;
  nowMs = 0;

  scheduler(settings: object, ports: Partial<CriteriaPorts> = {}): Scheduler {
    const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'g', ...settings } }] });
    return schedulerOf(config, { wallMs: () => this.nowMs, ...ports });
  }

  call(text: string, more: Partial<Request> = {}, from: ConnectionKind = 'plain'): WaitingCall {
    let connection = this.#connections.get(from);
    if (connection === undefined) {
      connection = new Connection(connectionId(from, 'a'.repeat(32)), new Usage());
      this.#connections.set(from, connection);
    }
    const message = connection.message(++this.#numbers as SeqNum);
    const request = { method: '/a.B/Put', message: bytesOf(text), ...more };
    message.request = request;
    for (const stage of ['received', 'admitted'] as const) message.become(stage);
    return { kind: 'call', connection, message, request, peer: '', admission: undefined, determinants: undefined };
  }

  read(text: string): WaitingCall {
    const request = { method: '/a.B/Get', message: bytesOf(text) };
    const plain = { connection: undefined, call: 1 as CallId, admission: undefined };
    return { kind: 'read', readId: 0, request, peer: '', mustBeStable: true, ...plain };
  }
}

const named = (work: WaitingCall | undefined): string | undefined => work && textOf(work.request.message);

/** The texts of what is shed, until nothing may be. */
function sheds(scheduler: Scheduler, added: WaitingCall): string[] {
  const texts: string[] = [];
  for (let work = scheduler.shed?.(added); work !== undefined; work = scheduler.shed?.(added))
    texts.push(named(work) ?? '');
  return texts;
}

const priority = (value: number): Partial<Request> => ({ metadata: [['x-priority', `${value}`]] });

describe('what is refused at the bound of the queue', () => {
  it('with the criterion priority is the last to come of those with the lowest, and one that waits long is not', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler({ ordering: 'priority', priorityKey: 'x-priority', ageingMs: 100 });
    scheduler.add(calls.call('old', priority(-1)));
    calls.nowMs = 500;
    for (const [text, value] of Object.entries({ high: 3, low: 0, 'low too': 0 }))
      scheduler.add(calls.call(text, priority(value)));
    expect(scheduler.outranks?.(calls.call('as low', priority(0)))).toBe(false);
    expect(scheduler.outranks?.(calls.call('higher', priority(1)))).toBe(true);
    expect(sheds(scheduler, calls.call('any'))).toEqual(['low too', 'low', 'high', 'old']);
    expect(scheduler.size).toBe(0);
  });

  it('with the criterion deadline is the call whose deadline is latest', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler({ ordering: 'deadline' });
    for (const deadlineMs of [5000, 9000, 7000]) scheduler.add(calls.call(`${deadlineMs}`, { deadlineMs }));
    expect(scheduler.outranks?.(calls.call('none'))).toBe(false);
    expect(scheduler.outranks?.(calls.call('soon', { deadlineMs: 8000 }))).toBe(true);
    expect(named(scheduler.shed?.(calls.call('any')))).toBe('9000');
    expect(named(scheduler.next() as WaitingCall)).toBe('5000');
    expect(sheds(scheduler, calls.call('any'))).toEqual(['7000']);
  });

  it('with the criterion fair is the last call of those that have most', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler({ ordering: 'fair' });
    for (const text of ['a', 'b', 'c']) scheduler.add(calls.call(text));
    scheduler.add(calls.read('r'));
    expect(scheduler.outranks?.(calls.call('d'))).toBe(false);
    expect(scheduler.outranks?.(calls.read('s'))).toBe(true);
    scheduler.add(calls.read('s'));
    expect(named(scheduler.shed?.(calls.read('any')))).toBe('c');
    expect(scheduler.outranks?.(calls.read('t'))).toBe(false);
    expect(scheduler.size).toBe(4);
    expect(sheds(scheduler, calls.read('any')).toSorted()).toEqual(['a', 'b', 'r', 's']);
    expect(scheduler.next()).toBeUndefined();
  });

  it('is nothing of a session, of a stream, or of another group', () => {
    for (const ordering of ['priority', 'deadline', 'fair', 'custom']) {
      const calls = new Calls();
      const scheduler = calls.scheduler({ ordering }, { compares: () => 0 });
      scheduler.add(calls.call('session', {}, 'session'));
      scheduler.add(calls.call('group', {}, 'group'));
      scheduler.add(calls.call('stream', { stream: { kind: 'open' } }));
      expect(scheduler.outranks?.(calls.call('first', { deadlineMs: 1 }))).toBe(false);
      expect(scheduler.shed?.(calls.call('any'))).toBeUndefined();
      expect(scheduler.size).toBe(3);
    }
  });

  it('is the newcomer where calls have their turns as they come, and by its own criterion where methods have one', () => {
    const calls = new Calls();
    for (const ordering of ['reception', 'sequence', 'resource']) {
      const scheduler = calls.scheduler({ ordering }, { admits: () => true });
      expect(scheduler.outranks).toBeUndefined();
    }
    const methods = [{ name: [{ service: 'a.B', method: 'Report' }], ordering: 'deadline' }];
    const scheduler = calls.scheduler({ methods });
    const report = (deadlineMs: number): WaitingCall =>
      calls.call(`${deadlineMs}`, { method: '/a.B/Report', deadlineMs });
    scheduler.add(calls.call('put'));
    scheduler.add(report(9000));
    expect(scheduler.outranks?.(calls.call('put again'))).toBe(false);
    expect(scheduler.outranks?.(report(8000))).toBe(true);
    expect(named(scheduler.shed?.(report(8000)))).toBe('9000');
    expect(scheduler.size).toBe(1);
  });

  it('takes no memory once it has left, whichever way it left', () => {
    const kept: Heap<unknown>[] = [];
    const add = Heap.prototype.add;
    Heap.prototype.add = function (this: Heap<unknown>, item: unknown) {
      if (!kept.includes(this)) kept.push(this);
      add.call(this, item);
    };
    try {
      const calls = new Calls();
      const scheduler = calls.scheduler({ ordering: 'deadline' });
      const most = (): number => Math.max(...kept.map(({ size }) => size));
      for (let deadlineMs = 50_000; deadlineMs > 0; deadlineMs -= 10) {
        scheduler.add(calls.call('', { deadlineMs }));
        if (scheduler.size > 100) scheduler.shed?.(calls.call(''));
      }
      expect(most()).toBeLessThan(2000);
      for (let deadlineMs = 50_000; deadlineMs < 100_000; deadlineMs += 10) {
        scheduler.add(calls.call('', { deadlineMs }));
        scheduler.next();
      }
      expect(kept).toHaveLength(2);
      expect(most()).toBeLessThan(2000);
      expect(scheduler.size).toBe(100);
    } finally {
      Heap.prototype.add = add;
    }
  });
});
