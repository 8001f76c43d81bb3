import { describePlan, type PlanLimits, planOf } from './plan.js';
import { type Ending, Simulation } from './simulation.js';

export interface Result {
  readonly seed: number;
  readonly ending: Ending | 'violated';
  readonly steps: number;
  /** Of a violation: what did not hold. */
  readonly reason: string | undefined;
}

/** Plays the simulation of a seed; the same seed gives the same simulation. Never throws. */
export function simulate(seed: number, limits?: PlanLimits, print?: (line: string) => void): Result {
  const plan = planOf(seed, limits);
  print?.(describePlan(plan));
  const simulation = new Simulation(plan, print);
  try {
    return { seed, ending: simulation.play(), steps: simulation.steps, reason: undefined };
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    print?.(reason);
    if (error instanceof Error && error.name !== 'Violation') print?.(error.stack ?? '');
    return { seed, ending: 'violated', steps: simulation.steps, reason };
  }
}
