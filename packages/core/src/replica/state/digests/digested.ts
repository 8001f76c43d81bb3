import type { StateDigest } from '../../../model/digest.js';
import type { OrderNum } from '../../../model/ids.js';

/** When a primary last had all replicas take a digest of their states, and what its own was. */
export class Digested {
  /** After this order, or there was no reason to before it. */
  at: OrderNum;
  atMs: number;
  /** The next order tells the backups. */
  marksNext = false;
  /** For how long there would be no other, as much as the last one cost. */
  pauseMs = Number.POSITIVE_INFINITY;
  /** Not again before this time. */
  notBeforeMs = Number.NEGATIVE_INFINITY;
  /** The newest digest of this primary's state; undefined before the first. */
  newest: StateDigest | undefined;

  constructor(at: OrderNum, nowMs: number) {
    this.at = at;
    this.atMs = nowMs;
  }
}
