import { describe, expect, it } from 'vitest';
import { hear, textsOf } from './conversation.js';
import { deployments, kindsOf, use } from './deployment.js';
import { values } from './script.js';
import type { Drawn } from './values.js';

const CALLS = 40;
const DRAWS = 50;
/** The clocks of this process are read one after the other, and the wall clock may be set meanwhile. */
const CLOCK_MS = 2_000;
/** `Date()` has whole seconds. */
const SECOND_MS = 1_000;
const V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const isAscending = (times: readonly number[]): boolean => times.every((time, i) => time >= (times[i - 1] ?? 0));

/** Whether all are drawn about equally often. The counts of a fair draw are beyond these bounds once in millions of runs. */
function expectEven(counts: readonly number[]): void {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const each = total / counts.length;
  const bound = 6 * Math.sqrt(each);
  for (const count of counts) expect(Math.abs(count - each)).toBeLessThan(bound);
}

function counted(values: readonly number[], kinds: number): number[] {
  const counts = new Array<number>(kinds).fill(0);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

describe.each(deployments)('what handlers see of time and randomness, %s', (deployment) => {
  const group = use(deployment);

  describe.each(kindsOf(deployment))('%s', (kind) => {
    /** The values that the handler drew in calls made one after the other, and the caller's clock around each call. */
    async function drawn(): Promise<{ before: number; after: number; seen: Drawn }[]> {
      const calls = [];
      for (let i = 0; i < CALLS; i++) {
        const before = Date.now();
        const heard = await hear(group().client, kind, [{ steps: [values(DRAWS)] }]);
        calls.push({ before, after: Date.now(), seen: JSON.parse(textsOf(heard)[0] ?? '') as Drawn });
      }
      return calls;
    }

    it('is plausible: times beside the caller’s that never go back, and even randomness that never comes again', async () => {
      const calls = await drawn();
      for (const { before, after, seen } of calls) {
        for (const time of [...seen.now, ...seen.dates, ...seen.performance]) {
          expect(time).toBeGreaterThan(before - CLOCK_MS);
          expect(time).toBeLessThan(after + CLOCK_MS);
        }
        for (const [i, time] of seen.dateTexts.entries())
          expect(Math.abs(time - (seen.now[i] ?? 0))).toBeLessThan(SECOND_MS + CLOCK_MS);
        // A step has one time.
        if (deployment.replicated) expect(new Set([...seen.now, ...seen.dates, ...seen.performance]).size).toBe(1);
      }
      expect(isAscending(calls.flatMap(({ seen }) => seen.now))).toBe(true);
      expect(calls.at(-1)?.seen.now[0]).toBeGreaterThan(calls[0]?.seen.now[0] ?? Number.POSITIVE_INFINITY);

      const random = calls.flatMap(({ seen }) => seen.random);
      expect(random.every((value) => value >= 0 && value < 1)).toBe(true);
      expectEven(
        counted(
          random.map((value) => Math.floor(10 * value)),
          10,
        ),
      );
      const uuids = calls.flatMap(({ seen }) => seen.uuids);
      for (const uuid of uuids) expect(uuid).toMatch(V4);
      const bytes = calls.flatMap(({ seen }) => seen.bytes);
      expectEven(
        counted(
          [...Buffer.from(bytes.join(''), 'hex')].map((byte) => byte & 15),
          16,
        ),
      );
      const dice = calls.flatMap(({ seen }) => seen.dice);
      expect(Math.min(...dice)).toBe(1);
      expect(Math.max(...dice)).toBe(6);
      expectEven(
        counted(
          dice.map((die) => die - 1),
          6,
        ),
      );
      for (const distinct of [random, uuids, bytes]) expect(new Set<unknown>(distinct).size).toBe(CALLS * DRAWS);
    });
  });
});
