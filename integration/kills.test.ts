import { describe, expect, it } from 'vitest';
import { planOf } from '../packages/workshop/dist/soak/plan.js';
import { runLine } from '../packages/workshop/dist/soak/report.js';
import { runPlan } from '../packages/workshop/dist/soak/run.js';
import { HANG_S } from './group.js';

/** These seeds cover both replications, multicasts, carriers and releases; kills, hand-overs, pauses and returns. */
const SEEDS = [0, 4, 7, 9, 10, 12, 14];

describe('a bank whose replicas fail under load', () => {
  it.each(
    SEEDS.map((seed, index) => ({
      nth: index + 1,
      name: `seed ${seed}: ${planOf(seed).scenario}`,
      plan: planOf(seed),
    })),
  )('keeps its promises, $name', async ({ nth, plan }) => {
    const interrupt = new AbortController().signal;
    const outcome = await runPlan(plan, { timeoutS: HANG_S, interrupt, keep: false });
    console.log(runLine(outcome, `${nth}/${SEEDS.length}`));
    expect(outcome.violations).toEqual([]);
    expect(outcome.faults).toHaveLength(plan.steps.length);
    expect(outcome.operations).toBeGreaterThanOrEqual(plan.operations);
  });
});
