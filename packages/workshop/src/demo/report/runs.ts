/** The runs of the bank's demo, as its report takes them. */
import type { Books } from '../drive/collect.js';
import type { DrivenReply } from '../drive/drive.js';
import type { Verdict } from '../proof/verify.js';
import type { TimelineEntry } from './timeline.js';

/** The evidence from the client of a bank. */
export interface DriveRecord {
  /** All replies, those of the warm-up included. */
  readonly replies: readonly DrivenReply[];
  /** The replies to the operations of the file, in the order of their arrival. */
  readonly fileReplies: readonly DrivenReply[];
  /** `monotonicMs` of the driver's process, before the first and after the last operation of the file. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly books: Books;
}

/** A run of the file and the verdict of the proof. */
export interface ProvenRun {
  readonly record: DriveRecord;
  readonly verdict: Verdict;
}

export interface ReplicatedRun extends ProvenRun {
  readonly timeline: readonly TimelineEntry[];
  /** Ways in which the run differs from what was asked for, such as a kill that came too late. */
  readonly shortcomings: readonly string[];
}
