/** One call as its caller saw it. Times may have any unit and origin, the same for the whole history. */
export interface Operation<Input, Output> {
  readonly process: number;
  readonly input: Input;
  /** `undefined` if the caller does not know the output. Any output is then allowed. */
  readonly output: Output | undefined;
  readonly invokedAt: number;
  /** `Infinity` if the outcome is unknown. The call may take effect at any time after `invokedAt`, or never. */
  readonly completedAt: number;
}

/** The behaviour of the service when calls come one after the other. States are immutable. */
export interface Model<State, Input, Output> {
  initial(): State;
  /**
   * Returns the state after the call; `undefined` if this state cannot give this output. Every state allows an output
   * of `undefined`. If the call changes nothing, `step` must return the same reference that it was given, so that the
   * search can leave out reads of unknown outcome.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /**
   * Returns a key that is equal for two states exactly when the states are equal. Called only after a first dead end.
   */
  key(state: State): string | number;
  /**
   * Splits a history into parts that share no state. The checker checks each part alone, from `initial`. A history is
   * linearizable if the part of each object is (locality: Herlihy and Wing, "Linearizability", TOPLAS 1990, theorem 1).
   */
  partition?(operations: readonly Operation<Input, Output>[]): readonly (readonly Operation<Input, Output>[])[];
  /** Describes a call for people, in the explanation of a violation. */
  describe?(input: Input, output: Output | undefined): string;
}

/** Makes the usual partition: one part for each key, in the order of their first operations. */
export function partitionBy<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  keyOf: (input: Input) => string,
): readonly (readonly Operation<Input, Output>[])[] {
  const parts = new Map<string, Operation<Input, Output>[]>();
  for (const operation of operations) {
    const key = keyOf(operation.input);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [operation]);
    else part.push(operation);
  }
  return [...parts.values()];
}
