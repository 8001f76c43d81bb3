import type { Choices } from '../choices.js';
import { checkLinearizable } from '../linearizability/check.js';
import { explain } from '../linearizability/explain.js';
import type { Model, Operation } from '../linearizability/model.js';

/** A small deterministic state machine: what a user's service would be. Inputs, outputs and states are plain JSON. */
export interface Machine {
  run(input: unknown): unknown;
  save(): unknown;
  load(state: unknown): void;
}

/** What clients ask of a group in one run, and the model that judges what they saw. */
export interface Workload {
  readonly name: string;
  create(): Machine;
  /** @param n a number that no other operation of the run has */
  draw(choices: Choices, readOnly: boolean, n: number): unknown;
  /** @returns what cannot be explained by any order of the calls; undefined if there is an order */
  judge(operations: readonly Operation<unknown, unknown>[]): string | undefined;
}

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
    const result = checkLinearizable(model, operations as readonly Operation<Input, Output>[]);
    return result.verdict === 'violated' ? explain(model, result) : undefined;
  },
});
