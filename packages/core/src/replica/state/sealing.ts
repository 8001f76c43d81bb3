/** Seals the announcements that clients carry, and opens what they reflect. */

import type { Connection } from '../../connection/connection.js';
import { minOf } from '../../model/ids.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { SealedOrders } from '../../model/sealed.js';
import type { ReplicaState } from './replica-state.js';

const NONE: readonly SealedOrders[] = [];

/** The announcements as the session of this connection may carry them. */
export function sealOrders(
  r: ReplicaState,
  connection: Connection,
  orders: readonly OrderInfo[],
): readonly SealedOrders[] {
  const [first, ...others] = orders;
  if (first === undefined || r.record === undefined) return NONE;
  return [r.seal.seal(r.record.secret, connection.id, r.term, [first, ...others])];
}

/**
 * Opens what a session reflected. What is of orders that are stable and held here already says nothing new, so it is left
 * shut: a client that was away for long may have it from before the group's secret was renewed.
 *
 * @returns undefined if anything that counts was not sealed by the group for this session
 */
export function openOrders(
  r: ReplicaState,
  connection: Connection,
  sealed: readonly SealedOrders[],
): readonly OrderInfo[] | undefined {
  const orders: OrderInfo[] = [];
  const known = minOf(r.stableUpTo, r.order.heldUpTo);
  for (const each of sealed) {
    if (/* rule stable-unopened */ each.last <= known) continue;
    const opened = r.record && r.seal.open(r.record.secret, connection.id, each);
    if (opened === undefined) return undefined;
    for (const info of opened) orders.push(info);
  }
  return orders;
}
