import { describe, expect, it } from 'vitest';
import { StateNotes } from './state-notes.js';

const MIB = 1024 * 1024;
const notes = (...costs: readonly [bytes: number, ms: number][]): StateNotes => {
  const made = new StateNotes('restore');
  for (const [bytes, ms] of costs) made.copied({ bytes, ms });
  return made;
};

describe('a state', () => {
  it('counts as cheap until a copy of it was made', () => {
    expect(notes().isCheap).toBe(true);
  });

  it('counts as dear from 16 MiB on, and as cheap again once it is smaller', () => {
    expect(notes([16 * MIB, 1]).isCheap).toBe(true);
    expect(notes([16 * MIB + 1, 1]).isCheap).toBe(false);
    expect(notes([16 * MIB + 1, 1], [MIB, 1]).isCheap).toBe(true);
  });

  it('counts as dear if its first copy took more than 100 ms', () => {
    expect(notes([10, 100]).isCheap).toBe(true);
    expect(notes([10, 101]).isCheap).toBe(false);
  });

  it('does not count as dear because the process paused during one copy of many', () => {
    expect(notes([10, 1], [10, 900]).isCheap).toBe(true);
    expect(notes([10, 1], [10, 900], [10, 2]).isCheap).toBe(true);
    expect(notes([10, 1], [10, 900], [10, 900]).isCheap).toBe(false);
  });

  it('counts as dear as soon as a large copy was received', () => {
    const made = notes([10, 1]);
    made.received(17 * MIB);
    expect(made.isCheap).toBe(false);
    expect(made.cost.bytes).toBe(17 * MIB);
  });
});
