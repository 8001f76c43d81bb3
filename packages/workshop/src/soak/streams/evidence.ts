/** The job and the evidence of a round's client process. */
import type { Mode } from '@understudy/examples/common/mode.js';
import type { StreamEnd } from '../../demo/streams/job.js';

/** The job of the client process, given when it starts. */
export interface CountJob {
  readonly target: string;
  readonly mode: Mode;
  readonly sessions: number;
  /** The tallies; each has a stream of its own. */
  readonly tallies: readonly string[];
  /** How many messages each stream carries, numbered 1, 2, 3 … */
  readonly messages: number;
}

/** The answers of a stream and its end. */
export interface CountEvidence {
  readonly tally: string;
  /** Three numbers for each answer: the message's number, the count of its tally, its place. */
  readonly answers: Uint32Array;
  readonly end: StreamEnd;
}

/** The result of a round. */
export interface CountResult {
  /** The longest time, in milliseconds, in which no stream had an answer. */
  readonly longestGapMs: number;
}
