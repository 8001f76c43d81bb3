import type { Model, Operation } from './model.js';
import { search } from './search.js';

/** How far a check may go. */
export interface Limits {
  /** Calls of `Model.step` for each part of the history, after which the search gives up. Default: no bound. */
  readonly maxSteps?: number;
}

/** `steps` counts the calls of `Model.step`, so that a bound can be chosen from what usual histories take. */
export type Result<Input, Output> =
  | {
      readonly verdict: 'linearizable';
      readonly steps: number;
      /** For each part of the history an order that explains it; without the calls that need not have taken effect. */
      readonly linearizations: readonly (readonly Operation<Input, Output>[])[];
    }
  | {
      readonly verdict: 'violated';
      readonly steps: number;
      /** An order that accounts for every answer of its part that came before that of `unplaced`. */
      readonly prefix: readonly Operation<Input, Output>[];
      /** No order accounts for those answers and for this one too. */
      readonly unplaced: Operation<Input, Output>;
    }
  | { readonly verdict: 'undecided'; readonly steps: number };

/**
 * Whether a history is linearizable: every operation that was answered seems to take effect at one moment between its
 * call and its answer, every operation of unknown outcome at one moment after its call or never (Herlihy and Wing,
 * "Linearizability", TOPLAS 1990). The problem is NP-complete, hence the bound; it is never replaced by a guess.
 *
 * @param operations in any order
 * @throws {RangeError} an operation completes before it is called, or has an output but never completes
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
    // One part that cannot be explained settles the whole, whatever another would have needed.
    if (found.kind === 'none') return { verdict: 'violated', steps, prefix: found.prefix, unplaced: found.unplaced };
    if (found.kind === 'order') linearizations.push(found.order);
    else undecided = true;
  }
  return undecided ? { verdict: 'undecided', steps } : { verdict: 'linearizable', steps, linearizations };
}
