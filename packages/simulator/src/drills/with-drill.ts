import type { Choices } from '../draw/choices.js';
import type { Plan, PlanLimits } from '../plan/plan.js';
import type { Drill } from './drill.js';
import { DRILLS, drillNamed } from './index.js';

/** @returns the plan with a drill, in a third of the runs */
export function withDrill(plan: Plan, choices: Choices, limits: PlanLimits): Plan {
  const drill = drawDrill(choices, limits);
  if (drill === undefined) return plan;
  // Other faults would lead most runs away from the situation.
  const faults = choices.chance(0.7) ? [] : plan.faults;
  return drill.needs({ ...plan, drill: drill.name, faults }, choices);
}

function drawDrill(choices: Choices, { without = [], drill: name }: PlanLimits): Drill | undefined {
  if (name !== undefined) return drillNamed(name);
  return choices.chance(0.3) && !without.includes('drills') ? choices.pick(DRILLS) : undefined;
}
