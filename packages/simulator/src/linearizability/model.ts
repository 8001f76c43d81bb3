/** One call as its caller saw it. Times are of any unit and origin, as long as it is one for the whole history. */
export interface Operation<Input, Output> {
  readonly process: number;
  readonly input: Input;
  /** `undefined`: the caller does not know it, so any output is allowed. */
  readonly output: Output | undefined;
  readonly invokedAt: number;
  /** `Infinity`: the outcome is unknown; it may have taken effect at any time after `invokedAt`, or may never do so. */
  readonly completedAt: number;
}

/** What the service would do if its calls came one after the other. States are immutable. */
export interface Model<State, Input, Output> {
  initial(): State;
  /**
   * The state after the call; `undefined` if this state cannot give this output. An output of `undefined` is allowed in
   * every state. Returns the state it got, the same reference, when the call changes nothing: the search relies on it to
   * leave out reads that nobody saw the end of.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Equal for two states exactly when they are the same state. Only asked for once a first attempt failed. */
  key(state: State): string | number;
  /**
   * Splits a history into parts that share no state; each is then checked alone, from `initial`. A history is linearizable
   * when each object's part is (locality: Herlihy and Wing, "Linearizability", TOPLAS 1990, theorem 1).
   */
  partition?(operations: readonly Operation<Input, Output>[]): readonly (readonly Operation<Input, Output>[])[];
  /** A call in a person's words, for the explanation of a violation. */
  describe?(input: Input, output: Output | undefined): string;
}

/** The usual partition: a part for each key that operations name, in the order of the first operation of each. */
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
