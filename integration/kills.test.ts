import { describe, expect, it } from 'vitest';
import { HALF_OF_MODES, MODES, type Plan, planOf } from '../packages/workshop/dist/soak/plan.js';
import { runLine } from '../packages/workshop/dist/soak/report.js';
import { runPlan } from '../packages/workshop/dist/soak/run.js';
import { HANG_S } from './group.js';

/** These kill primaries in the modes that containers/kill.test.ts leaves out. */
const KILLS = [1, 2, 7, 8, 11, 36, 45, 126];
/** These lose a backup, hand over and pause a primary. */
const OTHERS = [4, 12, 14];
const SEEDS = [...KILLS, ...OTHERS];

/** More than are in flight. */
const BEFORE_FAULT = 100;

/**
 * A quarter of a plan's operations, with its faults at the same parts of them: still hundreds, of which more than are in
 * flight come before each fault. More of them would only repeat what `npm run soak` plays.
 */
function quarterOf(plan: Plan): Plan {
  const quarter = (afterReplies: number): number => Math.max(BEFORE_FAULT, Math.ceil(afterReplies / 4));
  const steps = plan.steps.map((step) => ({ ...step, afterReplies: quarter(step.afterReplies) }));
  return { ...plan, operations: Math.ceil(plan.operations / 4), steps };
}

describe('a bank whose replicas fail under load', () => {
  it('loses its primary in each mode that is not played in containers', () => {
    const plans = KILLS.map(planOf);
    for (const { steps } of plans) expect(steps.map(({ fault }) => fault)).toContain('kill-primary');
    const played = new Set([...plans.map(({ mode }) => mode), ...HALF_OF_MODES]);
    expect([...played]).toHaveLength(MODES.length);
  });

  it.each(
    SEEDS.map((seed, index) => ({
      nth: index + 1,
      name: `seed ${seed}: ${planOf(seed).scenario}`,
      plan: quarterOf(planOf(seed)),
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
