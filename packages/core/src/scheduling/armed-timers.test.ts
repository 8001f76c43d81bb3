import { describe, expect, it, vi } from 'vitest';
import type { OrderNum } from '../model/ids.js';
import { type ArmedData, ArmedTimers, TIMERS_MAX, type Timer, withOneMore } from './armed-timers.js';
import { DueQueue } from './due-queue.js';

const HOUR_MS = 3_600_000;

const dataTimer = (orderNum: number, payloadBytes = 0, dueMs = HOUR_MS): Timer => ({
  kind: 'after',
  id: { orderNum: orderNum as OrderNum, index: 0 },
  delayMs: dueMs,
  dueMs,
  name: 'expire',
  payload: new Uint8Array(payloadBytes),
});

/** How many timers with such payloads may be armed, and why no further one. */
function fill(payloadBytes: number): { readonly count: number; readonly reason: string } {
  let armed: ArmedData = { count: 0, bytes: 0 };
  for (;;) {
    const more = withOneMore(armed, 'expire', payloadBytes);
    if (typeof more === 'string') return { count: armed.count, reason: more };
    armed = more;
  }
}

describe('timers that are data', () => {
  it('are bounded in number, and in bytes', () => {
    const small = fill(0);
    expect(small.count).toBe(TIMERS_MAX);
    expect(small.reason).toMatch(/^65536 timers of after\(\) are armed already; .*replica\.every\(\)/);
    const large = fill(65_536);
    expect(large.count).toBeGreaterThan(1000);
    expect(large.count).toBeLessThan(1024);
    expect(large.reason).toMatch(/more than 67108864 bytes/);
  });

  it('hold what the bound counts, from when they are armed until they are cleared', () => {
    const timers = new ArmedTimers();
    const one = withOneMore(timers.data, 'expire', 100);
    timers.set(dataTimer(1, 100), 0, undefined);
    expect(timers.data).toEqual(one);
    timers.set(dataTimer(1, 100), 0, undefined);
    expect(timers.data).toEqual(one);
    const raw = {
      kind: 'raw',
      id: { orderNum: 2 as OrderNum, index: 0 },
      delayMs: 5,
      dueMs: 5,
      repeats: false,
    } as const;
    timers.set(raw, 0, undefined);
    expect(timers.data).toEqual(one);
    const successor = new ArmedTimers();
    successor.restore(timers.snapshot(), 0, 0);
    expect(successor.data).toEqual(one);
    timers.clear(dataTimer(1).id);
    timers.clear(dataTimer(1).id);
    expect(timers.data).toEqual({ count: 0, bytes: 0 });
  });

  it('are not kept until they would have been due if they are cleared before', () => {
    const added = vi.spyOn(DueQueue.prototype, 'add');
    const timers = new ArmedTimers();
    timers.set(dataTimer(1, 0, 500), 0, undefined);
    for (let orderNum = 2; orderNum < 10_000; orderNum++) {
      timers.set(dataTimer(orderNum), 0, undefined);
      timers.clear({ orderNum: orderNum as OrderNum, index: 0 });
    }
    timers.set(dataTimer(10_000, 0, 400), 0, undefined);
    const queue = added.mock.contexts[0] as unknown as DueQueue<unknown>;
    added.mockRestore();
    expect(queue.size).toBeLessThan(2000);
    expect(timers.takeDue(1000).map(({ id }) => id.orderNum)).toEqual([10_000, 1]);
  });

  it('are due again when they were put off', () => {
    const timers = new ArmedTimers();
    const { id } = dataTimer(1);
    timers.set(dataTimer(1, 0, 100), 0, undefined);
    expect(timers.takeDue(100)).toHaveLength(1);
    timers.putOff(id, 5000);
    expect(timers.nextMs).toBe(5000);
    expect(timers.takeDue(4000)).toEqual([]);
    expect(timers.takeDue(5000).map((timer) => timer.id)).toEqual([id]);
    timers.clear(id);
    timers.putOff(id, 6000);
    expect(timers.size).toBe(0);
  });
});
