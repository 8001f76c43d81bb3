import { describe, expect, it } from 'vitest';
import { longestGapMs, ratePerSecond } from './measure.js';

const at = (...times: number[]) => times.map((atMs) => ({ atMs }));

describe('the longest gap', () => {
  it('of a stretch counts a gap whole that began before the stretch', () => {
    const replies = at(0, 10, 500, 510, 530, 2_000);
    expect(longestGapMs(replies, 100, 600)).toBe(490);
    expect(longestGapMs(replies, 505, 600)).toBe(20);
    expect(longestGapMs(replies, 0, Infinity)).toBe(1_470);
  });

  it('of a stretch without replies is 0', () => {
    expect(longestGapMs(at(0, 10), 10, 100)).toBe(0);
    expect(longestGapMs([], 0, 100)).toBe(0);
  });
});

describe('the rate', () => {
  it('of a stretch counts only the replies in it', () => {
    expect(ratePerSecond(at(0, 100, 200, 300, 900), 0, 300)).toBe(10);
    expect(ratePerSecond(at(0, 100), 50, 50)).toBe(0);
  });
});
