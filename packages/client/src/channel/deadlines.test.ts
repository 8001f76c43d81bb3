import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadlines, type Expiring } from './deadlines.js';

const entry = (deadlineMs: number, expired: number[]): Expiring => ({
  deadlineMs,
  heapIndex: -1,
  expire: () => expired.push(deadlineMs),
});

describe('deadlines of calls', () => {
  beforeEach(() => vi.useFakeTimers({ now: 1000 }));
  afterEach(() => vi.useRealTimers());

  it('expire in the order of time, whatever was added and removed before', () => {
    const operation = fc.record({ after: fc.integer({ min: 1, max: 500 }), leaves: fc.boolean() });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const deadlines = new Deadlines();
        const expired: number[] = [];
        const entries = operations.map(({ after }) => entry(Date.now() + after, expired));
        for (const each of entries) deadlines.add(each);
        const stay = entries.filter((each, i) => {
          if (operations[i]?.leaves) deadlines.remove(each);
          return !operations[i]?.leaves;
        });
        vi.advanceTimersByTime(501);
        expect(expired).toEqual(stay.map((each) => each.deadlineMs).sort((a, b) => a - b));
        expect(deadlines.size).toBe(0);
      }),
    );
  });

  it('never expire early', () => {
    const deadlines = new Deadlines();
    const expired: number[] = [];
    deadlines.add(entry(1010.5, expired));
    vi.advanceTimersByTime(10);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual([1010.5]);
  });

  it('never expire if they are further off than a timer can count', () => {
    const deadlines = new Deadlines();
    deadlines.add(entry(Date.now() + 3e9, []));
    expect(deadlines.size).toBe(0);
  });

  it('still expire after the expiry of another has thrown', () => {
    const deadlines = new Deadlines();
    const expired: number[] = [];
    deadlines.add({
      deadlineMs: 1005,
      heapIndex: -1,
      expire() {
        throw new Error('application');
      },
    });
    deadlines.add(entry(1005, expired));
    expect(() => vi.advanceTimersByTime(5)).toThrow('application');
    vi.advanceTimersByTime(5);
    expect(expired).toEqual([1005]);
  });

  it('are forgotten even if a call is removed twice', () => {
    const deadlines = new Deadlines();
    const first = entry(1005, []);
    deadlines.add(first);
    deadlines.remove(first);
    deadlines.remove(first);
    expect(deadlines.size).toBe(0);
  });
});
