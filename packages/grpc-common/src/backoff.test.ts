import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.js';

describe('the wait between two attempts', () => {
  it('doubles up to the maximum, give or take a fifth', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 300 });
    for (const expectedMs of [100, 200, 300, 300]) {
      const waitMs = backoff.next();
      expect(waitMs).toBeGreaterThanOrEqual(0.8 * expectedMs);
      expect(waitMs).toBeLessThanOrEqual(1.2 * expectedMs);
    }
  });

  it('starts from the first one again after a success', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 10_000 });
    for (let i = 0; i < 5; i++) backoff.next();
    backoff.reset();
    expect(backoff.next()).toBeLessThanOrEqual(120);
  });
});
