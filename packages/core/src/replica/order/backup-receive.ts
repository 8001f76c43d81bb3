/** FIG. 10: a backup takes announcements into messageOrder, and discards those that a promotion did not adopt. */

import type { Connection } from '../../connection/connection.js';
import type { OrderNum } from '../../model/ids.js';
import type { CallOrder, OrderInfo } from '../../model/order-info.js';
import type { BackupOrder } from '../../ordering/backup-order.js';
import { adoptionPublished, isAdopted } from '../../record/transitions.js';
import { hasNamedBody, refuseBody } from '../intake/bodies.js';
import type { FollowerState } from '../state/follower-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { enterLog } from './place.js';

/**
 * Takes in announcements that a client reflected. The primary gave each order when it had processed all orders before
 * it; the order itself may still be running, beside a read whose reply carried the announcement.
 */
export function backupReceivesReflected(f: FollowerState, orders: readonly OrderInfo[]): void {
  backupReceivesOrders(f, orders);
  const newestTerm = f.r.record?.adoptedThrough.at(-1)?.term ?? 1;
  for (const info of orders) {
    if (believes(f.r, info)) f.completed((info.orderNum - 1) as OrderNum, newestTerm);
  }
}

/** Takes in announcements, whether the primary sent them or a client reflected them. */
export function backupReceivesOrders(f: FollowerState, orders: readonly OrderInfo[]): void {
  const { r } = f;
  const believed = orders.every((info) => believes(r, info)) ? orders : orders.filter((info) => believes(r, info));
  f.backupOrder.backupReceives(believed, (info) => toMessageOrder(r, info));
  f.acknowledge();
}

/**
 * Whether an announcement belongs to the history: it is of the present term, or of an older one as far as every
 * promotion since then adopted it. Until the present promotion has published its adoption, orders of older terms are
 * refused, because this replica promised that it holds no more of them.
 */
function believes(r: ReplicaState, info: OrderInfo): boolean {
  const { record } = r;
  if (record === undefined || info.term > r.term) return false;
  return info.term === r.term || /* rule adopted-only */ (adoptionPublished(record) && isAdopted(record, info));
}

/** Appends an order without a gap to messageOrder. */
export function toMessageOrder(r: ReplicaState, info: OrderInfo): void {
  const connection = r.connections.open(info.connection);
  if (info.kind === 'call') checkBody(r, connection, info);
  enterLog(r, info, connection);
}

/** The body came before its order: it stays if it is the one that the order names. */
function checkBody(r: ReplicaState, connection: Connection, info: CallOrder): void {
  const message = connection.messages.get(info.seqNum);
  if (message?.request === undefined) return;
  if (/* rule keep-named-body */ !hasNamedBody(r, message, info)) refuseBody(r, connection, message);
}

/** Discards orders of older terms beyond the adoption. They never happened (DESIGN 5.6). */
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
  r.order.dropAfter(keep, ({ info, message }) => {
    if (message?.order === info) r.connections.get(info.connection)?.loseOrder(message);
  });
  backupOrder.nextOrderNum = (keep + 1) as OrderNum;
}
