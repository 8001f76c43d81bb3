/** Notices that this replica's results differ from the primary's, and lets it leave the group (DESIGN 5.10, 7.7). */

import type { OrderNum } from '../../model/ids.js';
import type { FollowerState } from '../state/follower-state.js';
import type { Entry } from '../state/message-order.js';

/** A backup waits this many times `stallMs` before it gives up on itself; the primary waits once. */
const STUCK_AFTER_STALLS = 2;

/**
 * This replica's results differ from the primary's (DESIGN 5.10, 7.7). It says so once, in its log and to the primary.
 */
export function diverge(f: FollowerState, orderNum: OrderNum, fields: { readonly stuckForMs?: number } = {}): void {
  if (f.divergedAt !== undefined) return;
  f.divergedAt = orderNum;
  f.r.log('error', 'UNDERSTUDY_DIVERGED', { orderNum, ...fields });
  f.acknowledge();
}

/** Compares this replica's digest with the primary's at the same order (DESIGN 5.10, 7.7). */
export function compareDigests(f: FollowerState): void {
  const { r } = f;
  const expected = f.expectedDigest;
  if (expected === undefined || expected.orderNum > r.order.processedUpTo) return;
  f.expectedDigest = undefined;
  const mine = r.digests.get(expected.orderNum);
  if (mine === undefined || /* rule digest-compared */ mine === expected.value) return;
  diverge(f, expected.orderNum);
}

/**
 * The primary's handler ended but this replica's did not. This replica would hold up the group, so it leaves and starts
 * anew.
 */
export function divergeIfStuck(f: FollowerState, { info }: Entry, forMs: number): void {
  if (forMs >= STUCK_AFTER_STALLS * f.r.config.stallMs) diverge(f, info.orderNum, { stuckForMs: forMs });
}
