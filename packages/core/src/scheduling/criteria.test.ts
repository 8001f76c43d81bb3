import { describe, expect, it } from 'vitest';
import { parseServiceConfig } from '../config/service-config.js';
import { Connection } from '../connection/connection.js';
import type { Stage } from '../connection/message.js';
import { Usage } from '../connection/usage.js';
import { connectionId, type SeqNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { StreamPart } from '../model/stream.js';
import { bytesOf, textOf } from '../testing/text.js';
import { type CriteriaPorts, schedulerOf } from './criteria.js';
import type { Scheduler, Work } from './scheduler.js';

/** Calls of a few connections, named by their text. */
class Calls {
  readonly #connections = new Map<string, Connection>();
  nowMs = 0;

  connection(digit: string): Connection {
    let connection = this.#connections.get(digit);
    if (connection === undefined) {
      connection = new Connection(connectionId('session', digit.repeat(32)), new Usage());
      this.#connections.set(digit, connection);
    }
    return connection;
  }

  scheduler(settings: object, ports: Partial<CriteriaPorts> = {}): Scheduler {
    const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'g', ...settings } }] });
    return schedulerOf(config, { wallMs: () => this.nowMs, ...ports });
  }

  /** @param from the digit of the connection */
  call(from: string, text: string, more: Partial<Request> = {}, seqNum?: number, stage: Stage = 'admitted'): Work {
    const connection = this.connection(from);
    const number = (seqNum ?? connection.numberedUpTo + 1) as SeqNum;
    connection.numberedUpTo = Math.max(connection.numberedUpTo, number) as SeqNum;
    connection.markReceived(number);
    const message = connection.message(number);
    const request = { method: '/a.B/Put', message: bytesOf(text), ...more };
    message.request = request;
    message.become('received');
    message.become(stage);
    return { kind: 'call', connection, message, request, peer: '', admission: undefined, determinants: undefined };
  }
}

const textOfWork = (work: Work): string => ('request' in work ? textOf(work.request.message) : work.kind);

/** The texts of all work, in the order in which it leaves. What leaves has its place then. */
function leaving(scheduler: Scheduler): string[] {
  const texts: string[] = [];
  for (let work = scheduler.next(); work !== undefined; work = scheduler.next()) {
    texts.push(textOfWork(work));
    if (work.kind === 'call') work.message.become('ordered');
  }
  return texts;
}

const priority = (value: number): Partial<Request> => ({ metadata: [['x-priority', `${value}`]] });

describe('the criterion priority', () => {
  const settings = { ordering: 'priority', priorityKey: 'x-priority', ageingMs: 100 };

  it('takes the highest first, and of equal ones the first to come', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler(settings);
    for (const [text, value] of [
      ['low', -1],
      ['a', 0],
      ['high', 7],
      ['b', 0],
    ] as const)
      scheduler.add(calls.call('a', text, priority(value)));
    expect(leaving(scheduler)).toEqual(['high', 'a', 'b', 'low']);
  });

  it('prefers a call that has waited long enough to one of a higher priority', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler(settings);
    scheduler.add(calls.call('a', 'old'));
    calls.nowMs = 301;
    scheduler.add(calls.call('a', 'young', priority(3)));
    scheduler.add(calls.call('a', 'urgent', priority(4)));
    expect(leaving(scheduler)).toEqual(['urgent', 'old', 'young']);
  });

  it('takes the priority of the method for a call without one', () => {
    const calls = new Calls();
    const methods = [{ name: [{ service: 'a.B', method: 'Stop' }], priority: 5 }];
    const scheduler = calls.scheduler({ ...settings, methods });
    scheduler.add(calls.call('a', 'put'));
    scheduler.add(calls.call('a', 'nonsense', { metadata: [['x-priority', 'very high']] }));
    scheduler.add(calls.call('a', 'stop', { method: '/a.B/Stop' }));
    expect(leaving(scheduler)).toEqual(['stop', 'put', 'nonsense']);
  });
});

describe('the criterion deadline', () => {
  it('takes the earliest first; a call without a deadline counts as due in a minute', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler({ ordering: 'deadline' });
    for (const [text, deadlineMs] of [
      ['hour', 3_600_000],
      ['soon', 2_000],
      ['sooner', 1_000],
    ] as const)
      scheduler.add(calls.call('a', text, { deadlineMs }));
    scheduler.add(calls.call('a', 'none'));
    expect(leaving(scheduler)).toEqual(['sooner', 'soon', 'none', 'hour']);
  });
});

/**
 * How many of the calls are answered too late. They come in bursts, each of which takes longer than many of its calls have
 * time for; each takes a millisecond.
 */
function late(ordering: string): number {
  const calls = new Calls();
  const scheduler = calls.scheduler({ ordering });
  let misses = 0;
  for (let burst = 0; burst < 20; burst++) {
    for (let i = 0; i < 200; i++) {
      // Half of them have between 20 and 219 ms, by no rule of their places, and the others up to two seconds.
      const leftMs = 20 + ((i * 73) % 200) * (i % 2 === 0 ? 1 : 10);
      scheduler.add(calls.call(`${i % 8}`, `${calls.nowMs + leftMs}`, { deadlineMs: calls.nowMs + leftMs }));
    }
    for (let i = 0; i < 200; i++) {
      calls.nowMs++;
      const work = scheduler.next();
      if (work?.kind === 'call') work.message.become('ordered');
      if (work !== undefined && Number(textOfWork(work)) < calls.nowMs) misses++;
    }
  }
  return misses;
}

it('the criterion deadline has at most half as many calls too late as reception, when more come at a time than can be answered', () => {
  const misses = late('reception');
  expect(misses).toBeGreaterThan(500);
  expect(late('deadline')).toBeLessThanOrEqual(misses / 2);
});

describe('the criterion sequence', () => {
  it('orders the calls of one client by their numbers, and clients as they come', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler({ ordering: 'sequence' });
    for (const [from, seqNum] of [
      ['a', 2],
      ['b', 1],
      ['a', 1],
      ['b', 2],
    ] as const)
      scheduler.add(calls.call(from, `${from}${seqNum}`, {}, seqNum));
    expect(leaving(scheduler)).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it('waits for an earlier call that interceptors still hold, and lets other clients pass', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler({ ordering: 'sequence' });
    const held = calls.call('a', 'a1', {}, undefined, 'queued');
    scheduler.add(calls.call('a', 'a2'));
    scheduler.add(calls.call('b', 'b1'));
    expect(leaving(scheduler)).toEqual(['b1']);
    expect(scheduler.peek()).toBeUndefined();
    if (held.kind === 'call') held.message.become('admitted');
    scheduler.add(held);
    expect(leaving(scheduler)).toEqual(['a1', 'a2']);
  });
});

describe('the criterion fair', () => {
  it('lets clients take turns, however many calls one of them has', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler({ ordering: 'fair' });
    for (let i = 0; i < 5; i++) scheduler.add(calls.call('a', `a${i}`));
    scheduler.add(calls.call('b', 'b0'));
    scheduler.add(calls.call('c', 'c0'));
    expect(leaving(scheduler)).toEqual(['a0', 'b0', 'c0', 'a1', 'a2', 'a3', 'a4']);
  });

  it('gives a client as many turns as it has weight', () => {
    const calls = new Calls();
    calls.connection('a').owner = 'gold';
    const scheduler = calls.scheduler({ ordering: 'fair', weights: { gold: 3 } });
    for (let i = 0; i < 6; i++) scheduler.add(calls.call('a', 'a'));
    for (let i = 0; i < 3; i++) scheduler.add(calls.call('b', 'b'));
    expect(leaving(scheduler).join('')).toBe('aaabaaabb');
  });

  it('has a Jain index of 1 under one greedy client of ten', () => {
    const calls = new Calls();
    const scheduler = calls.scheduler({ ordering: 'fair' });
    for (let i = 0; i < 1_000; i++) scheduler.add(calls.call('a', 'a'));
    for (const from of '012345678') for (let i = 0; i < 10; i++) scheduler.add(calls.call(from, from));
    const served = new Map<string, number>();
    for (let i = 0; i < 100; i++) {
      const text = textOfWork(scheduler.next() as Work);
      served.set(text, (served.get(text) ?? 0) + 1);
    }
    const counts = [...served.values()];
    const sum = counts.reduce((total, count) => total + count, 0);
    const squares = counts.reduce((total, count) => total + count * count, 0);
    expect(sum ** 2 / (10 * squares)).toBe(1);
  });
});

describe('the criterion resource', () => {
  it('lets others pass a call that may not run now, until the application says that it may', () => {
    const calls = new Calls();
    let isFree = false;
    const admits = ({ request }: { request: Request }) => isFree || textOf(request.message) !== 'big';
    const scheduler = calls.scheduler({ ordering: 'resource' }, { admits });
    for (const text of ['big', 'small', 'smaller']) scheduler.add(calls.call('a', text));
    expect(leaving(scheduler)).toEqual(['small', 'smaller']);
    isFree = true;
    expect(scheduler.peek()).toBeUndefined();
    scheduler.reconsider?.();
    expect(leaving(scheduler)).toEqual(['big']);
  });

  it('asks about each call once as long as nothing ends', () => {
    const calls = new Calls();
    let asked = 0;
    const admits = () => {
      asked++;
      return false;
    };
    const scheduler = calls.scheduler({ ordering: 'resource' }, { admits });
    for (let i = 0; i < 3; i++) {
      scheduler.add(calls.call('a', `${i}`));
      expect(scheduler.peek()).toBeUndefined();
    }
    expect(asked).toBe(3);
    expect(scheduler.size).toBe(3);
    expect(scheduler.drain().map(textOfWork)).toEqual(['0', '1', '2']);
  });
});

describe('the criterion custom', () => {
  it('asks the application which call goes first', () => {
    const calls = new Calls();
    const compares = (a: { request: Request }, b: { request: Request }) =>
      a.request.message.length - b.request.message.length;
    const scheduler = calls.scheduler({ ordering: 'custom' }, { compares });
    for (const text of ['long', 'a', 'longer', 'b']) scheduler.add(calls.call('a', text));
    expect(leaving(scheduler)).toEqual(['a', 'b', 'long', 'longer']);
  });
});

describe('several criteria in one group', () => {
  it('take turns', () => {
    const calls = new Calls();
    const methods = [{ name: [{ service: 'a.B', method: 'Report' }], ordering: 'deadline' }];
    const scheduler = calls.scheduler({ methods });
    for (const text of ['1', '2', '3']) scheduler.add(calls.call('a', text));
    for (const deadlineMs of [9, 7])
      scheduler.add(calls.call('a', `by ${deadlineMs}`, { method: '/a.B/Report', deadlineMs }));
    expect(leaving(scheduler)).toEqual(['1', 'by 7', '2', 'by 9', '3']);
  });
});

describe.each(['priority', 'deadline', 'fair', 'sequence', 'resource', 'custom'])(
  'with the criterion %s',
  (ordering) => {
    it('the messages of a stream and what ends it keep their sequence', () => {
      const calls = new Calls();
      const scheduler = calls.scheduler({ ordering }, { compares: () => 0, admits: () => true });
      const part = (stream: StreamPart, deadlineMs: number): Partial<Request> => ({ stream, deadlineMs });
      const of = 1 as SeqNum;
      scheduler.add(calls.call('a', 'open', part({ kind: 'open' }, 90_000)));
      scheduler.add(calls.call('a', 'first', part({ kind: 'message', of, position: 1 }, 5)));
      scheduler.add({ kind: 'cancel', connection: calls.connection('a'), stream: of });
      expect(leaving(scheduler)).toEqual(['open', 'first', 'cancel']);
      expect(scheduler.size).toBe(0);
    });
  },
);
