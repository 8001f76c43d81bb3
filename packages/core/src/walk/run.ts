import { describePlan, type PlanLimits, planOf } from './plan.js';
import { type Ending, Walk } from './walk.js';

export interface WalkResult {
  readonly seed: number;
  readonly ending: Ending | 'violated';
  readonly steps: number;
  /** Of a violation: what did not hold. */
  readonly reason: string | undefined;
}

/** Plays the walk of a seed; the same seed gives the same walk. Never throws. */
export function runWalk(seed: number, limits?: PlanLimits, print?: (line: string) => void): WalkResult {
  const plan = planOf(seed, limits);
  print?.(describePlan(plan));
  const walk = new Walk(plan, print);
  try {
    return { seed, ending: walk.play(), steps: walk.steps, reason: undefined };
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    print?.(reason);
    if (error instanceof Error && error.name !== 'WalkViolation') print?.(error.stack ?? '');
    return { seed, ending: 'violated', steps: walk.steps, reason };
  }
}
