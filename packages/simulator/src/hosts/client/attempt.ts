import type { NestedCaller, Reply } from '@understudy/core/internal';

/** One attempt at a call, for a calling group that may send the call more than once. */
export interface Attempt {
  answered(outcome: Reply): void;
  failed(mayHaveTakenEffect: boolean): void;
}

/** The group in whose name a client calls, and the receiver of this attempt's outcome. */
export interface CalledFor {
  readonly nested: NestedCaller;
  readonly attempt?: Attempt;
}
