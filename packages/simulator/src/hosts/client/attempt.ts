import type { NestedCaller, Reply } from '@understudy/core/internal';

/** One sending of a call, for a group that calls and may send it more than once. */
export interface Attempt {
  answered(outcome: Reply): void;
  failed(mayHaveTakenEffect: boolean): void;
}

/** The group in whose name a client calls, and who hears what becomes of this sending. */
export interface CalledFor {
  readonly nested: NestedCaller;
  readonly attempt?: Attempt;
}
