import type { Choices } from '../draw/choices.js';
import type { Plan } from '../plan/plan.js';
import type { Stage } from './stage.js';

/**
 * A situation that chance alone hardly brings about: some faults and calls in the order that leads there. How long
 * everything takes, what else happens meanwhile, and what comes before and after are drawn as in every run.
 */
export interface Drill {
  readonly name: string;
  /** The plan of a run in which the situation is possible. */
  readonly needs: (plan: Plan, choices: Choices) => Plan;
  /** Played once, in the middle of a run. It may give up where the run went another way. */
  readonly play: (stage: Stage) => void;
}
