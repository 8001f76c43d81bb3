/** The state that only a promoting replica needs. */

import { CLOCK_DRIFT } from '../../config/clock.js';
import { maxOf, type OrderNum } from '../../model/ids.js';
import type { BackupOrder } from '../../ordering/backup-order.js';
import { Collection } from './collection.js';
import type { PrimaryState } from './primary-state.js';
import type { ReplicaState } from './replica-state.js';

/** One object for one promotion. */
export class PromotionState {
  readonly r: ReplicaState;
  readonly collection: Collection;
  readonly backupOrder: BackupOrder;
  /** The state of this replica if it was primary until now and was designated again. */
  readonly before: PrimaryState | undefined;
  /** Why the promotion cannot go on, in a sentence; undefined if it can. */
  blocked: string | undefined;

  /**
   * The last order that the last primary is known to have processed. Any order after it may be the one that it died of.
   */
  completedUpTo: OrderNum;

  /** This replica held the orders up to this one when the promotion began. */
  readonly heldUpTo: OrderNum;

  /** The adopted place whose message waits until the other replicas know that it is the next one. */
  heldBack: OrderNum | undefined;
  /** Whether the other replicas are told at the end of this turn. */
  tellsNext = false;
  /** When the other replicas were last to be told. */
  toldNextMs = Number.NEGATIVE_INFINITY;

  constructor(
    r: ReplicaState,
    backupOrder: BackupOrder,
    before: PrimaryState | undefined,
    completedUpTo: OrderNum = r.order.processedUpTo,
  ) {
    this.r = r;
    this.heldUpTo = r.order.heldUpTo;
    this.completedUpTo = maxOf(completedUpTo, r.order.processedUpTo);
    // A session that has not heard of the new term by then can deliver nothing of an older one: no heartbeat that it sent
    // before is young enough for the delivery rule.
    this.collection = new Collection(r.nowMs, r.sessionMsMax * (1 + CLOCK_DRIFT));
    this.backupOrder = backupOrder;
    this.before = before;
  }
}
