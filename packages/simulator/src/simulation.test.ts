import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { simulate } from './run.js';
import type { TraceEvent } from './trace/event.js';

const FIXED_RUNS = 1500;
const FRESH_RUNS = Number(process.env.RUNS ?? 1500);
const TIMEOUT_MS = 60_000 + FRESH_RUNS * 20;

function violationsOf(firstSeed: bigint, runs: number): string[] {
  const violations: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + BigInt(runs); seed++) {
    const { reason } = simulate(seed);
    if (reason !== undefined) violations.push(`seed ${seed}: ${reason}\n  npm run simulate -- --seed ${seed} --trace`);
  }
  return violations;
}

describe('runs by seed', () => {
  it(`keep every promise, seeds 1 to ${FIXED_RUNS}`, { timeout: TIMEOUT_MS }, () => {
    expect(violationsOf(1n, FIXED_RUNS)).toEqual([]);
  });

  const fresh = randomBytes(8).readBigUInt64LE();
  it(`keep every promise, ${FRESH_RUNS} fresh seeds from ${fresh} on`, { timeout: TIMEOUT_MS }, () => {
    console.log(`fresh seeds begin with ${fresh}`);
    expect(violationsOf(fresh, FRESH_RUNS)).toEqual([]);
  });

  it('play the same run for the same seed', () => {
    const play = () => {
      const events: TraceEvent[] = [];
      const tracer = { plan: () => {}, event: (event: TraceEvent) => events.push(event), violation: () => {} };
      return { result: simulate(7n, { tracer }), events };
    };
    const first = play();
    expect(play()).toEqual(first);
    expect(first.events.length).toBeGreaterThan(50);
  });
});
