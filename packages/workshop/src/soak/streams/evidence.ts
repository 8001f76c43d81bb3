import type { Mode } from '@understudy/examples/common/mode.js';
import type { StreamEnd } from '../../demo/streams/job.js';

/** What the client process of a round is given when it is started. */
export interface CountJob {
  readonly target: string;
  readonly mode: Mode;
  readonly sessions: number;
  /** A stream for each. */
  readonly tallies: readonly string[];
  /** Numbered 1, 2, 3 … on each stream. */
  readonly messages: number;
}

/** What became of a stream. */
export interface CountEvidence {
  readonly tally: string;
  /** As they came, three numbers each: of the message, of the tally, of its place. */
  readonly answers: Uint32Array;
  readonly end: StreamEnd;
}

export interface CountResult {
  /** The longest time, in milliseconds, in which no stream had an answer. */
  readonly longestGapMs: number;
}
