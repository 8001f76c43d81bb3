/** Notices that this replica's results differ from the primary's, and lets it leave the group (DESIGN 5.10, 7.7). */

import { digestToHex } from '../../model/digest.js';
import { next, type OrderNum } from '../../model/ids.js';
import type { Difference } from '../state/digests/state-digests.js';
import type { FollowerState } from '../state/follower-state.js';
import type { Entry } from '../state/message-order.js';
import type { ReplicaState } from '../state/replica-state.js';

/** A backup waits this many times `stallMs` before it gives up on itself; the primary waits once. */
const STUCK_AFTER_STALLS = 2;
/** How many methods are named where it is uncertain which of them differed. */
const METHODS_MAX = 3;

/**
 * This replica's results differ from the primary's (DESIGN 5.10, 7.7). It says so once, in its log and to the primary.
 */
export function diverge(f: FollowerState, orderNum: OrderNum, difference: Difference = {}): void {
  if (f.divergedAt !== undefined) return;
  f.divergedAt = orderNum;
  f.r.log('error', 'UNDERSTUDY_DIVERGED', { orderNum, ...difference });
  f.acknowledge();
}

/** The methods of the messages after one order and up to another, as far as the log still has them. */
export function methodsBetween(r: ReplicaState, after: OrderNum, upTo: OrderNum): string | undefined {
  const methods = new Set<string>();
  for (let k = next(after); k <= upTo && methods.size < METHODS_MAX; k = next(k)) {
    const method = methodAt(r, k);
    if (method) methods.add(method);
  }
  return methods.size === 0 ? undefined : [...methods].join(', ');
}

/** The method of the handler that an order was for: messages of streams and replies do not name it themselves. */
function methodAt(r: ReplicaState, orderNum: OrderNum): string | undefined {
  const entry = r.order.entries.get(orderNum);
  const request = entry?.message?.request;
  if (entry === undefined || request === undefined) return undefined;
  const { stream, reply } = request;
  if (reply !== undefined) return reply.to.orderNum < orderNum ? methodAt(r, reply.to.orderNum) : undefined;
  if (stream === undefined || !('of' in stream)) return request.method;
  return r.connections.get(entry.info.connection)?.messages.get(stream.of)?.request?.method;
}

/** Compares this replica's digest with the primary's at the same order (DESIGN 5.10, 7.7). */
export function compareDigests(f: FollowerState): void {
  const { r } = f;
  const expected = f.expectedDigest;
  if (expected === undefined || expected.orderNum > r.order.processedUpTo) return;
  f.expectedDigest = undefined;
  const mine = r.digests.get(expected.orderNum);
  if (mine === undefined) return;
  const { agreedUpTo } = f;
  if (/* rule digest-compared */ mine === expected.value) {
    f.agreedUpTo = expected.orderNum;
    return;
  }
  diverge(f, expected.orderNum, {
    agreedUpTo,
    method: methodsBetween(r, agreedUpTo, expected.orderNum),
    digest: digestToHex(mine),
    primaryDigest: digestToHex(expected.value),
  });
}

/**
 * The primary's handler ended but this replica's did not. This replica would hold up the group, so it leaves and starts
 * anew.
 */
export function divergeIfStuck(f: FollowerState, { info }: Entry, forMs: number): void {
  if (forMs >= STUCK_AFTER_STALLS * f.r.config.stallMs) {
    diverge(f, info.orderNum, { method: methodAt(f.r, info.orderNum), stuckForMs: forMs });
  }
}
