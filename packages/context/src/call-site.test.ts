import { expect, it } from 'vitest';
import { callSite } from './call-site.js';

it('a call site is the nearest line of the service, not one of node', async () => {
  const direct = callSite();
  expect(direct).toMatch(/\/call-site\.test\.ts:5$/);
  expect([1].map(() => callSite())[0]).toMatch(/\/call-site\.test\.ts:7$/);
  const later = await new Promise((resolve) => process.nextTick(() => resolve(callSite())));
  expect(later).toMatch(/\/call-site\.test\.ts:8$/);
});

it('a call site restores how long stacks are', () => {
  const before = Error.stackTraceLimit;
  callSite();
  expect(Error.stackTraceLimit).toBe(before);
});
