import { describe, expect, it } from 'vitest';
import { HALF_OF_MODES, MODES, planOf, SCENARIOS } from './plan.js';

const seeds = Array.from({ length: MODES.length * SCENARIOS.length }, (_, index) => 1_000 + index);

describe('a plan', () => {
  it('follows from its seed alone', () => {
    for (const seed of seeds) expect(planOf(seed)).toEqual(planOf(seed));
    expect(planOf(1_000)).not.toEqual(planOf(1_000 + seeds.length));
  });

  it('of each of 144 successive seeds has another pair of scenario and mode', () => {
    const met = new Set(seeds.map(planOf).map(({ mode, scenario }) => JSON.stringify([mode, scenario])));
    expect(MODES).toHaveLength(16);
    expect(met.size).toBe(MODES.length * SCENARIOS.length);
  });

  it('has its faults one after the other, all before the load ends', () => {
    for (const { steps, operations } of seeds.map(planOf)) {
      const moments = [0, ...steps.map(({ afterReplies }) => afterReplies), operations];
      expect(moments).toEqual(moments.toSorted((a, b) => a - b));
      expect(new Set(moments).size).toBe(moments.length);
    }
  });

  it('leaves at least one of three replicas', () => {
    for (const { steps } of seeds.map(planOf)) {
      const lost = steps.filter(({ fault, startAgain }) => !startAgain && !fault.startsWith('pause'));
      expect(lost.length).toBeLessThan(3);
    }
  });
});

describe('each half of the modes', () => {
  const others = MODES.filter((mode) => !HALF_OF_MODES.includes(mode));

  it.each([HALF_OF_MODES, others])('has every triple of values once', (...half) => {
    expect(half).toHaveLength(8);
    for (const left of ['replication', 'multicast', 'release', 'carrier'] as const) {
      const triples = new Set(half.map((mode) => JSON.stringify({ ...mode, [left]: undefined })));
      expect(triples.size).toBe(8);
    }
  });
});
