import { describe, expect, it } from 'vitest';
import { type ConnectionId, connectionId } from '../model/ids.js';
import { ReceptionScheduler } from './reception.js';

const connectionOf = (digit: string): ConnectionId => connectionId('session', digit.repeat(32));
const [hog, other] = [connectionOf('a'), connectionOf('b')];

/** Pieces of work by the digit of their connection, in the order in which they leave. */
function leaving(scheduler: ReceptionScheduler): string {
  let order = '';
  for (let work = scheduler.next(); work !== undefined; work = scheduler.next())
    order += work.kind === 'expire' ? work.connection.at(-1) : '?';
  return order;
}

describe('reception order', () => {
  it('is first come, first served as long as no connection has very much work', () => {
    const scheduler = new ReceptionScheduler();
    for (const connection of [hog, other, hog, hog, other]) scheduler.add({ kind: 'expire', connection });
    expect(scheduler.peek()).toEqual({ kind: 'expire', connection: hog });
    expect(leaving(scheduler)).toBe('abaab');
    expect(scheduler.size).toBe(0);
  });

  it('lets others go before the rest of a connection that has very much work', () => {
    const scheduler = new ReceptionScheduler();
    for (let i = 0; i < 200; i++) scheduler.add({ kind: 'expire', connection: hog });
    scheduler.add({ kind: 'expire', connection: other });
    expect(scheduler.size).toBe(201);
    expect(leaving(scheduler)).toBe(`${'a'.repeat(64)}b${'a'.repeat(136)}`);
  });

  it('counts the work of one client as no more load than an honest client can cause', () => {
    const scheduler = new ReceptionScheduler();
    for (let i = 0; i < 10_000; i++) scheduler.add({ kind: 'expire', connection: hog });
    scheduler.add({ kind: 'expire', connection: other });
    expect(scheduler.load).toBe(4097);
    expect(scheduler.size).toBe(10_001);
  });
});
