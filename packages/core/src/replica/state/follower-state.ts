import type { Checkpoint } from '../../model/checkpoint.js';
import { type ConnectionId, next, type OrderNum } from '../../model/ids.js';
import { BackupOrder } from '../../ordering/backup-order.js';
import type { ReplicaState } from './replica-state.js';

/** What a replica knows that follows a primary: a backup, or a learner that has its checkpoint. */
export class FollowerState {
  readonly r: ReplicaState;
  readonly backupOrder: BackupOrder;
  /** When the primary was last heard, by this replica's clock. */
  lastHeartbeatMs: number;
  /** The primary's newest heartbeat, by its own clock; 0 before the first. */
  heartbeatMs = 0;
  ackDue = false;
  /** Sessions that the primary was told are registered here, on the present link. */
  readonly reported = new Set<ConnectionId>();
  /** The next report begins anew. */
  reportAfresh = true;
  /** The primary's digest after an order that is not processed here yet. */
  expectedDigest: { readonly orderNum: OrderNum; readonly value: number } | undefined;
  /** From this order on this replica computed other replies than the primary. */
  divergedAt: OrderNum | undefined;
  missingSinceMs = Number.POSITIVE_INFINITY;
  nackedMs = Number.NEGATIVE_INFINITY;
  /** A checkpoint that covers more than is held here yet. */
  checkpointAhead: Checkpoint | undefined;

  /** @param before what this replica knew as the follower of an earlier primary */
  constructor(r: ReplicaState, before?: FollowerState) {
    this.r = r;
    this.backupOrder = before?.backupOrder ?? new BackupOrder(next(r.order.last));
    this.lastHeartbeatMs = r.nowMs;
    this.divergedAt = before?.divergedAt;
    this.checkpointAhead = before?.checkpointAhead;
  }

  /** What the primary was told of sessions may not have arrived, or was another's to know. */
  forgetReports(): void {
    this.reported.clear();
    this.reportAfresh = true;
  }

  /** Something is to be acknowledged. */
  acknowledge(): void {
    this.ackDue = true;
    this.r.wantFlush();
  }
}
