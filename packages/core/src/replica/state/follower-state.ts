/**
 * The state that a replica needs only while it follows a primary, as a backup or as a learner that has its checkpoint.
 */

import type { Checkpoint } from '../../model/checkpoint.js';
import { type ConnectionId, maxOf, minOf, next, type OrderNum } from '../../model/ids.js';
import { BackupOrder } from '../../ordering/backup-order.js';
import { StateDigests } from './digests/state-digests.js';
import type { ReplicaState } from './replica-state.js';

/** One object for one follower, as long as it follows the same primary. */
export class FollowerState {
  readonly r: ReplicaState;
  readonly backupOrder: BackupOrder;
  /** When this replica last heard from the primary, on whatever link, by its own clock. */
  lastHeartbeatMs: number;
  /** The time, by this replica's clock, until which the primary said that it may be silent. */
  excusedUntilMs = Number.NEGATIVE_INFINITY;
  /** When a frame of the primary last arrived on the main link. */
  lastFrameMs: number;
  /** The newest heartbeat of the primary, by the primary's clock; 0 before the first. */
  heartbeatMs = 0;
  /** Whether this replica is about to claim, so that neither it nor its thread acknowledges heartbeats any more. */
  withdrawn = false;
  /** The next flush sends an acknowledgment. */
  ackDue = false;
  /** The registered sessions that this replica has reported to the primary on the present link. */
  readonly reported = new Set<ConnectionId>();
  /** The next acknowledgment lists all sessions, not only changes. */
  reportAfresh = true;
  /** The primary's digest after an order that this replica has not processed yet. */
  expectedDigest: { readonly orderNum: OrderNum; readonly value: number } | undefined;
  /**
   * The last order that the primary has told it processed. A semi-active backup executes none beyond it, so that a
   * message that ends the primary's process does not end all backups in the same moment.
   */
  #completedUpTo: OrderNum;
  /** The newest promotion whose cut is counted in, with all before it: the orders that it cut were never completed. */
  #completedInTerm: number;
  /** The last order after which this replica's digest was known to be the primary's. */
  agreedUpTo: OrderNum;
  /** What is known of digests of the user's state. */
  readonly states: StateDigests;
  /** The first order at which this replica's results differed from the primary's. */
  divergedAt: OrderNum | undefined;
  /** Since when an order or a body has been missing; infinite if none is. */
  missingSinceMs = Number.POSITIVE_INFINITY;
  /** When this replica last asked for what is missing. */
  nackedMs = Number.NEGATIVE_INFINITY;
  /** A checkpoint that covers orders this replica does not hold yet. It is taken once they are here. */
  checkpointAhead: Checkpoint | undefined;

  /** @param before the state of the same replica as a follower of the previous primary */
  constructor(r: ReplicaState, before?: FollowerState) {
    this.r = r;
    this.backupOrder = before?.backupOrder ?? new BackupOrder(next(r.order.last));
    this.lastHeartbeatMs = r.nowMs;
    this.lastFrameMs = r.nowMs;
    this.#completedUpTo = maxOf(before?.completedUpTo ?? r.order.processedUpTo, r.order.processedUpTo);
    this.#completedInTerm = before === undefined ? r.term : before.#completedInTerm;
    this.agreedUpTo = before?.agreedUpTo ?? r.order.processedUpTo;
    this.divergedAt = before?.divergedAt;
    this.states = before?.states.ofNewTerm() ?? new StateDigests();
    this.checkpointAhead = before?.checkpointAhead;
  }

  /** A frame of the primary arrived on the main link. */
  heard(): void {
    this.lastHeartbeatMs = this.r.nowMs;
    this.lastFrameMs = this.r.nowMs;
  }

  get completedUpTo(): OrderNum {
    return this.#completedUpTo;
  }

  /**
   * The primary has processed the orders up to this one.
   *
   * @param inTerm the newest promotion that adopted it, or the term of the primary that says so
   */
  completed(upTo: OrderNum, inTerm: number): void {
    if (upTo < this.#completedUpTo) return;
    this.#completedUpTo = upTo;
    this.#completedInTerm = inTerm;
  }

  /** Goes back before orders that promotions have cut since, because those were never completed. */
  forgetCut(): void {
    const { record, order } = this.r;
    let upTo = this.#completedUpTo;
    for (const { term, through } of record?.adoptedThrough ?? []) {
      if (term > this.#completedInTerm) upTo = minOf(upTo, through);
    }
    this.#completedUpTo = maxOf(upTo, order.processedUpTo);
    this.#completedInTerm = Math.max(this.#completedInTerm, record?.adoptedThrough.at(-1)?.term ?? 1);
  }

  /** Reports about sessions may have been lost with a link, or went to another primary. All of them are sent again. */
  forgetReports(): void {
    this.reported.clear();
    this.reportAfresh = true;
  }

  /** There is something new to acknowledge: the next flush sends it. */
  acknowledge(): void {
    this.ackDue = true;
    this.r.wantFlush();
  }
}
