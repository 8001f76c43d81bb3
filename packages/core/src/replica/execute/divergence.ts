import type { OrderNum } from '../../model/ids.js';
import type { FollowerState } from '../state/follower-state.js';
import type { Entry } from '../state/message-order.js';

/** A backup waits this many times as long as the primary would before it gives up on itself. */
const STUCK_AFTER_STALLS = 2;

/** This replica computed something else than the primary did (DESIGN 5.10, 7.7): it says so, once. */
export function diverge(f: FollowerState, orderNum: OrderNum, fields: { readonly stuckForMs?: number } = {}): void {
  if (f.divergedAt !== undefined) return;
  f.divergedAt = orderNum;
  f.r.log('error', 'UNDERSTUDY_DIVERGED', { orderNum, ...fields });
  f.acknowledge();
}

/** The primary said what its digest was; ours must be the same at the same order (DESIGN 5.10, 7.7). */
export function compareDigests(f: FollowerState): void {
  const { r } = f;
  const expected = f.expectedDigest;
  if (expected === undefined || expected.orderNum > r.order.processedUpTo) return;
  f.expectedDigest = undefined;
  const mine = r.digests.get(expected.orderNum);
  if (mine === undefined || /* rule digest-compared */ mine === expected.value) return;
  diverge(f, expected.orderNum);
}

/** The primary's handler ended and this one does not: this replica would hold up the group, so it leaves and restores. */
export function divergeIfStuck(f: FollowerState, { info }: Entry, forMs: number): void {
  if (forMs >= STUCK_AFTER_STALLS * f.r.config.stallMs) diverge(f, info.orderNum, { stuckForMs: forMs });
}
