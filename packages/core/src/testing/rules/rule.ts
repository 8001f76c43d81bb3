/** What a row of the tables in this folder says of a rule. */

import type { RuleToTakeOut } from '../take-out.js';

/** A rule of the design, how to take it out of the compiled core, and what its scenario tells then. */
export interface Rule extends RuleToTakeOut {
  /** The name of its text, which is in a folder of `testdata`. */
  readonly scenario: string;
  /** A line that the scenario has only without the rule: the violation. */
  readonly shows?: string;
  /** A line that the scenario has only with the rule. */
  readonly lacks?: string;
}
