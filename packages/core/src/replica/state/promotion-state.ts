import type { BackupOrder } from '../../ordering/backup-order.js';
import { Collection } from './collection.js';
import type { PrimaryState } from './primary-state.js';
import type { ReplicaState } from './replica-state.js';

/** What only a replica knows that takes over. */
export class PromotionState {
  readonly r: ReplicaState;
  readonly collection = new Collection();
  readonly backupOrder: BackupOrder;
  /** This replica was primary just before, and an operator designated it again. */
  readonly before: PrimaryState | undefined;
  /** Why the promotion cannot go on. */
  blocked: string | undefined;

  constructor(r: ReplicaState, backupOrder: BackupOrder, before: PrimaryState | undefined) {
    this.r = r;
    this.backupOrder = backupOrder;
    this.before = before;
  }
}
