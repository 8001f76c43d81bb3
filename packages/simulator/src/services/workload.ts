import type { Choices } from '../draw/choices.js';
import { checkLinearizable } from '../linearizability/check.js';
import { explain } from '../linearizability/explain.js';
import type { Model, Operation } from '../linearizability/model.js';

/** A small deterministic state machine, in place of a user's service. Inputs, outputs and states are plain JSON. */
export interface Machine {
  run(input: unknown): unknown;
  save(): unknown;
  load(state: unknown): void;
}

/** The operations that clients ask of a group in one run, and the model that judges what they saw. */
export interface Workload {
  readonly name: string;
  create(): Machine;
  /** @param n a number that no other operation of the run has */
  draw(choices: Choices, readOnly: boolean, n: number): unknown;
  /** `unexplained`: the answer that no order of the calls accounts for. `undecided`: the search took too many steps. */
  judge(operations: readonly Operation<unknown, unknown>[]): Judgment;
}

export type Judgment =
  | { readonly verdict: 'linearizable' | 'undecided' }
  | { readonly verdict: 'violated'; readonly unexplained: string };

/**
 * The bound of a check: some hundred times what a usual history takes, because calls of unknown outcome can multiply
 * it.
 */
const STEPS_MAX = 200_000;

interface Parts<State, Input, Output, Saved> {
  readonly name: string;
  readonly model: Model<State, Input, Output>;
  create(): { run(input: Input): Output; save(): Saved; load(state: Saved): void };
  draw(choices: Choices, readOnly: boolean, n: number): Input;
}

/** Forgets the types: a run knows only that its workload's machine and model belong together. */
export const workload = <State, Input, Output, Saved>({
  name,
  model,
  create,
  draw,
}: Parts<State, Input, Output, Saved>): Workload => ({
  name,
  create: create as () => Machine,
  draw,
  judge(operations) {
    const history = operations as readonly Operation<Input, Output>[];
    const result = checkLinearizable(model, history, { maxSteps: STEPS_MAX });
    if (result.verdict !== 'violated') return { verdict: result.verdict };
    return { verdict: 'violated', unexplained: explain(model, result) };
  },
});
