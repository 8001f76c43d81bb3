import type { Choices } from '../draw/choices.js';
import type { Plan } from '../plan/plan.js';
import type { Stage } from './stage.js';

/**
 * A situation that chance alone hardly brings about: some faults and calls in the order that leads there. How long
 * everything takes, and what else happens meanwhile, is drawn as in every run; so is what comes before and after.
 */
export interface Drill {
  readonly name: string;
  /** What a run needs for it to be possible. */
  readonly needs: (plan: Plan, choices: Choices) => Plan;
  /** Played once, in the middle of a run. It may give up where the run went another way. */
  readonly play: (stage: Stage) => void;
}
