import type { StateDigest } from '../../../model/digest.js';
import type { OrderNum } from '../../../model/ids.js';

/** The last digest that all replicas took on this primary's word, and when the next one may follow. */
export class Digested {
  /** The order after which it was taken; before it there was no reason to take one. */
  at: OrderNum;
  atMs: number;
  /** Whether the next order tells the backups of a digest. */
  marksNext = false;
  /** How long the last digest's cost would keep the next one waiting. */
  pauseMs = Number.POSITIVE_INFINITY;
  /** No digest is taken before this time. */
  notBeforeMs = Number.NEGATIVE_INFINITY;
  /** The newest digest of this primary's state; undefined before the first. */
  newest: StateDigest | undefined;

  constructor(at: OrderNum, nowMs: number) {
    this.at = at;
    this.atMs = nowMs;
  }
}
