import { describe, expect, it } from 'vitest';
import { Random } from '../draw/random.js';
import { drawPlan } from '../plan/draw.js';
import { simulate } from '../run.js';
import type { Tracer } from '../trace/event.js';
import { DRILLS } from './index.js';
import { withDrill } from './with-drill.js';

const PLANS = 200;
const SEEDS = 30;

describe.each(DRILLS.map(({ name }) => name))('the drill %s', (drill) => {
  it('uses only settings that a service config may have', () => {
    for (let seed = 1n; seed <= PLANS; seed++) {
      const choices = new Random(seed);
      const { config } = withDrill(drawPlan(choices), choices, { drill });
      expect(config.sessionMs).toBeGreaterThanOrEqual(config.leaseMs);
      expect(config.sessionExpiryMs).toBeGreaterThanOrEqual(config.sessionMs);
    }
  });

  it('happens once in each of its runs, and the group keeps its promises', () => {
    for (let seed = 1n; seed <= SEEDS; seed++) {
      const { faults, tracer } = faultsOf();
      const { ending, reason } = simulate(seed, { drill, tracer });
      expect(faults.filter((text) => text === `drill: ${drill}`)).toHaveLength(1);
      expect(ending, reason).not.toBe('violated');
    }
  });
});

it('a run with a drill is the same again for the same seed', () => {
  const drill = DRILLS[0]?.name ?? '';
  expect(simulate(7n, { drill })).toEqual(simulate(7n, { drill }));
  expect(simulate(7n, { drill })).not.toEqual(simulate(7n));
});

function faultsOf(): { faults: string[]; tracer: Tracer } {
  const faults: string[] = [];
  const event: Tracer['event'] = (what) => what.kind === 'fault' && faults.push(what.text);
  return { faults, tracer: { plan: () => {}, event, violation: () => {} } };
}
