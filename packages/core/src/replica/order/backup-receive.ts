import { minOf, type OrderNum } from '../../model/ids.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { BackupOrder } from '../../ordering/backup-order.js';
import { adoptionPublished, isAdopted } from '../../record/transitions.js';
import type { FollowerState } from '../state/follower-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { enterLog } from './ordering.js';

/** FIG. 10, from either side: announcements of the primary, or reflected by a client. */
export function backupReceivesOrders(f: FollowerState, orders: readonly OrderInfo[]): void {
  const { r } = f;
  const believed = orders.every((info) => believes(r, info)) ? orders : orders.filter((info) => believes(r, info));
  f.backupOrder.backupReceives(believed, (info) => toMessageOrder(r, info));
  f.acknowledge();
}

/**
 * An order of the present term, or of an older one as far as every promotion since then adopted it. While the present
 * one has not said how far, this replica has promised that what it held is all.
 */
function believes(r: ReplicaState, info: OrderInfo): boolean {
  const { record } = r;
  if (record === undefined || info.term > r.term) return false;
  return info.term === r.term || /* rule adopted-only */ (adoptionPublished(record) && isAdopted(record, info));
}

export function toMessageOrder(r: ReplicaState, info: OrderInfo): void {
  const connection = r.connections.open(info.connection);
  enterLog(r, info, connection);
}

/** Orders of older terms beyond what the promotion adopted never happened (DESIGN 5.6). */
export function discardUnadopted(r: ReplicaState, backupOrder: BackupOrder): void {
  const { record } = r;
  if (record === undefined) return;
  backupOrder.discard((info) => !isAdopted(record, info));
  let keep = r.order.last;
  while (keep > r.order.processedUpTo) {
    const entry = r.order.entries.get(keep);
    if (entry === undefined || isAdopted(record, entry.info)) break;
    keep = (keep - 1) as OrderNum;
  }
  if (keep === r.order.last) return;
  r.log('info', 'orders were not adopted', { from: keep + 1, through: r.order.last });
  r.order.entries.dropAfter(keep, ({ info, message }) => {
    if (message?.order === info) r.connections.get(info.connection)?.loseOrder(message);
  });
  r.order.heldUpTo = minOf(r.order.heldUpTo, keep);
  backupOrder.nextOrderNum = (keep + 1) as OrderNum;
}
