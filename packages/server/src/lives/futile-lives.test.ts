import { expect, it } from 'vitest';
import { FutileLives } from './futile-lives.js';

it('a replica that differs after each return waits longer each time, up to minutes', () => {
  const lives = new FutileLives();
  let nowMs = 0;
  const waits: number[] = [];
  for (let count = 1; count <= 12; count++) {
    const waitMs = lives.waitMs(count, nowMs) ?? 0;
    waits.push(waitMs);
    nowMs += waitMs + 100;
  }
  expect(waits[0]).toBeLessThan(1_500);
  expect(waits.slice(1, 7).every((waitMs, i) => waitMs > (waits[i] ?? 0))).toBe(true);
  expect(waits.at(-1)).toBeGreaterThan(200_000);
  expect(waits.at(-1)).toBeLessThan(400_000);
});

it('a replica that differs now and then waits no longer', () => {
  const lives = new FutileLives();
  for (let count = 1; count <= 12; count++) expect(lives.waitMs(count, count * 100_000)).toBeLessThan(1_500);
});

it('the next life begins at once after a life that ended for another reason', () => {
  const lives = new FutileLives();
  expect(lives.waitMs(0, 0)).toBeUndefined();
  expect(lives.waitMs(1, 0)).toBeDefined();
  expect(lives.waitMs(1, 10)).toBeUndefined();
});
