import { describe, expect, it } from 'vitest';
import { type Result, simulate } from './run.js';

/**
 * Replay one simulation:      WALK_SEED=123 WALK_TRACE=1 npx vitest run packages/core/src/simulation
 * Hunt for longer:      WALK_RUNS=50000 npx vitest run packages/core/src/simulation
 */
const { WALK_SEED, WALK_TRACE, WALK_RUNS } = process.env;
const FIXED_RUNS = 1500;
const FRESH_RUNS = Number(WALK_RUNS ?? 1500);
const TIMEOUT_MS = 60_000 + FRESH_RUNS * 20;

const replay = (seed: number): string =>
  `replay: WALK_SEED=${seed} WALK_TRACE=1 npx vitest run packages/core/src/simulation`;

function violationsOf(firstSeed: number, runs: number): string[] {
  const violations: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const { reason } = simulate(seed);
    if (reason !== undefined) violations.push(`seed ${seed}: ${reason}\n  ${replay(seed)}`);
  }
  return violations;
}

describe('random walks through faults', () => {
  if (WALK_SEED !== undefined) {
    it(`holds every promise in the simulation of seed ${WALK_SEED}`, () => {
      const lines: string[] = [];
      const print = WALK_TRACE === undefined ? undefined : (line: string) => lines.push(line);
      const { reason } = simulate(Number(WALK_SEED), {}, print);
      if (lines.length > 0) console.log(lines.join('\n'));
      expect(reason).toBeUndefined();
    });
    return;
  }

  it(`holds every promise in the walks of seeds 1 to ${FIXED_RUNS}`, { timeout: TIMEOUT_MS }, () => {
    expect(violationsOf(1, FIXED_RUNS)).toEqual([]);
  });

  const fresh = 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
  it(`holds every promise in ${FRESH_RUNS} fresh walks, from seed ${fresh} on`, { timeout: TIMEOUT_MS }, () => {
    console.log(`fresh walks begin with seed ${fresh}`);
    expect(violationsOf(fresh, FRESH_RUNS)).toEqual([]);
  });

  it('plays the same simulation for the same seed', () => {
    const trace = (): readonly [Result, string[]] => {
      const lines: string[] = [];
      return [simulate(7, {}, (line) => lines.push(line)), lines];
    };
    const [result, lines] = trace();
    expect(trace()).toEqual([result, lines]);
    expect(lines.length).toBeGreaterThan(50);
  });
});
