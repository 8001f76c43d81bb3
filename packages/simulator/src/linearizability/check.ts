/** Checks histories for linearizability. */
import type { Model, Operation } from './model.js';
import { search } from './search.js';

/** The bound of a check. */
export interface Limits {
  /** The search in a part of the history gives up after so many calls of `Model.step`. Default: no bound. */
  readonly maxSteps?: number;
}

/** The verdict on a history. `steps` counts the calls of `Model.step` and helps to choose a bound. */
export type Result<Input, Output> =
  | {
      readonly verdict: 'linearizable';
      readonly steps: number;
      /** An order that explains each part of the history. It lacks the calls that need not have taken effect. */
      readonly linearizations: readonly (readonly Operation<Input, Output>[])[];
    }
  | {
      readonly verdict: 'violated';
      readonly steps: number;
      /** An order that explains every answer of its part that came before the answer of `unplaced`. */
      readonly prefix: readonly Operation<Input, Output>[];
      /** The answered operation that no order explains together with the earlier answers. */
      readonly unplaced: Operation<Input, Output>;
    }
  | { readonly verdict: 'undecided'; readonly steps: number };

/**
 * Checks whether a history is linearizable: every answered operation seems to take effect at one moment between its
 * call and its answer, every operation of unknown outcome at one moment after its call or never (Herlihy and Wing,
 * "Linearizability", TOPLAS 1990). The problem is NP-complete, so a check may give up at its bound; it never guesses.
 *
 * @param operations the history, in any order
 * @throws {RangeError} if an operation completes before it is called, or has an output but never completes
 */
export function checkLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  limits: Limits = {},
): Result<Input, Output> {
  const maxSteps = limits.maxSteps ?? Number.POSITIVE_INFINITY;
  const linearizations: (readonly Operation<Input, Output>[])[] = [];
  let undecided = false;
  let steps = 0;
  for (const part of model.partition?.(operations) ?? [operations]) {
    const found = search(model, part, maxSteps);
    steps += found.steps;
    // One part without an order decides the verdict, even if the search in another part gave up.
    if (found.kind === 'none') return { verdict: 'violated', steps, prefix: found.prefix, unplaced: found.unplaced };
    if (found.kind === 'order') linearizations.push(found.order);
    else undecided = true;
  }
  return undecided ? { verdict: 'undecided', steps } : { verdict: 'linearizable', steps, linearizations };
}
