import { stripVTControlCharacters as plain } from 'node:util';
import { describe, expect, it } from 'vitest';
import { planOf } from './plan.js';
import { quantile, runLine, summary } from './report.js';
import type { Outcome } from './run.js';

const outcome = (seed: number, violations: readonly string[] = []): Outcome => ({
  plan: planOf(seed),
  violations,
  operations: 5_000,
  faults: [
    {
      fault: 'kill-primary',
      replica: 'bank-1',
      atMs: 0,
      failoverMs: 290 + seed,
      phases: { detectionMs: 270, claimMs: 5, recoveryMs: 15 + seed },
      firstReplyMs: 300 + seed,
    },
  ],
  longestGapMs: 310 + seed,
  tookMs: 2_000,
  dir: '/somewhere/logs',
});

describe('the report of a soak', () => {
  it('of a run that broke a promise tells how to repeat it, and where its logs are', () => {
    const text = plain(runLine(outcome(7, ['lost: operation 3 was never answered']), '8/50'));
    expect(text).toContain('FAIL 8/50 seed 7');
    expect(text).toContain('lost: operation 3 was never answered');
    expect(text).toContain('soak/command/main.js --runs 1 --seed 7');
    expect(text).toContain('/somewhere/logs');
  });

  it('of a good run is one line', () => {
    expect(plain(runLine(outcome(7), '8/50')).split('\n')).toHaveLength(1);
  });

  it('ends with tables by mode and by fault, and the seeds that failed', () => {
    const text = plain(summary([outcome(0), outcome(16), outcome(1, ['lost: one'])]));
    expect(text).toMatch(/semi-active direct concurrent stream +2 +2 +10,000 +310 ms +326 ms +ok/);
    expect(text).toMatch(/semi-active direct concurrent rpc +1 +1 +5,000 +311 ms +311 ms +FAIL/);
    expect(text).toMatch(/kill-primary +3 +300 ms +301 ms +316 ms +316 ms/);
    expect(text).toMatch(/recovery: it serves +3 +15 ms +16 ms +31 ms +31 ms/);
    expect(text).toMatch(/all +3 +300 ms +301 ms +316 ms +316 ms/);
    expect(text).toContain('FAIL 1 of 3 runs broke a promise; seeds 1');
  });
});

describe('a quantile', () => {
  it.each([
    [0, 1],
    [0.5, 2],
    [0.9, 4],
    [1, 4],
  ])('%d is the nearest rank', (q, value) => expect(quantile([4, 1, 3, 2], q)).toBe(value));
});
