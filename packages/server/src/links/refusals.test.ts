import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Refusals } from './refusals.js';

let nowMs = 0;
vi.mock('@understudy/context', async (original) => ({ ...(await original<object>()), monotonicMs: () => nowMs }));

const logged: string[] = [];
let refusals: Refusals;
beforeEach(() => {
  nowMs = 0;
  logged.length = 0;
  refusals = new Refusals({ log: (_level, event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`) });
});
afterEach(() => vi.restoreAllMocks());

it('the same refusal is logged once in ten seconds, with the number of refusals that were not logged', () => {
  for (let i = 0; i < 5; i++) refusals.log('warn', 'refused', { reason: 'why' });
  nowMs = 10_000;
  refusals.log('warn', 'refused', { reason: 'why' });
  expect(logged).toEqual(['refused {"reason":"why"}', 'refused {"reason":"why","alsoUnlogged":4}']);
});

it('refusals with ever new reasons neither fill the log nor hide another kind of refusal', () => {
  for (let i = 0; i < 10_000; i++) refusals.log('warn', 'refused', { reason: `why ${i}` });
  refusals.log('warn', 'other', { reason: 'why' });
  expect(logged).toHaveLength(33);
  nowMs = 10_000;
  refusals.log('warn', 'refused', { reason: 'why' });
  expect(logged.at(-1)).toBe('refused {"reason":"why","alsoUnlogged":9968}');
});

it('refusals without a reason are logged once for each session', () => {
  for (const connection of ['a', 'b', 'a']) refusals.log('warn', 'forged', { connection });
  expect(logged).toEqual(['forged {"connection":"a"}', 'forged {"connection":"b"}']);
});
