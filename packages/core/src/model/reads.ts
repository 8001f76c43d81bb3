/** Read-only calls and their answers (DESIGN 5.9). */

import type { OrderNum, Term } from './ids.js';
import type { Request } from './message.js';
import type { Outcome } from './outcome.js';

/** A read-only call. It has no seqNum and no order; its client repeats it when the primary changes. */
export interface ReadRequest {
  readonly readId: number;
  readonly request: Request;
}

/** The reply to a read. */
export interface ReadReply {
  readonly readId: number;
  readonly outcome: Outcome;
  readonly stable: boolean;
}

/** Reads for a backup. */
export interface BackupReadsFrame {
  readonly kind: 'backupReads';
  readonly term: Term;
  /** The session has heard of the orders up to this one, so the backup must have processed them first. */
  readonly after: OrderNum;
  /** In ascending order. */
  readonly reads: readonly ReadRequest[];
}

/** What a backup answers to reads. What it reflects is stable. */
export interface BackupAnswersFrame {
  readonly kind: 'backupAnswers';
  readonly answers: readonly BackupAnswer[];
  /** Reads that this backup does not answer; the primary does. */
  readonly elsewhere: readonly number[];
}

export interface BackupAnswer {
  readonly readId: number;
  readonly outcome: Outcome;
  /** The last order that the answer reflects. */
  readonly orderNum: OrderNum;
}
