/** A backup takes digests of its state where the primary does, and compares them (DESIGN 5.10, 7.7). */

import type { StateDigest } from '../../model/digest.js';
import { maxOf, next, type OrderNum } from '../../model/ids.js';
import { askForDigest, comparesStates, shownDigest } from '../copying/digests.js';
import type { FollowerState } from '../state/follower-state.js';
import { diverge, methodsBetween } from './divergence.js';

/**
 * Takes a digest if the primary took one after the last order that this replica has processed.
 *
 * @returns whether it does
 */
export function startDigest(f: FollowerState): boolean {
  const { r } = f;
  const { processedUpTo } = r.order;
  const following = r.order.entries.get(next(processedUpTo))?.info;
  const isMarked = following?.digestsState === true && following.term === r.term;
  const isDue = isMarked || f.states.isExpectedAt(processedUpTo);
  if (!isDue || f.states.has(processedUpTo) || r.states.pending.has(processedUpTo)) return false;
  if (!comparesStates(r) || r.followsByCopy || r.stateBehind || f.divergedAt !== undefined) return false;
  askForDigest(r);
  return true;
}

/** The primary told the digest of its state. */
export function onPrimaryDigest(f: FollowerState, digest: StateDigest): void {
  if (!comparesStates(f.r)) return;
  f.states.expect(digest);
  compareStates(f);
}

/** This replica has a digest of its own. @param digest undefined if it could not be made */
export function onOwnDigest(f: FollowerState, orderNum: OrderNum, digest: string | undefined): void {
  f.states.keep(orderNum, digest);
  compareStates(f);
}

function compareStates(f: FollowerState): void {
  const { r } = f;
  const { processedUpTo } = r.order;
  const both = f.states.take(processedUpTo, r.states.pending);
  if (both === undefined) return;
  const { mine, primarys } = both;
  const { orderNum, value } = primarys;
  const { equalUpTo } = f.states;
  if (/* rule states-compared */ mine === value) {
    f.states.equalUpTo = maxOf(equalUpTo, orderNum);
    f.acknowledge();
    return;
  }
  const method = methodsBetween(r, equalUpTo, orderNum);
  const difference = {
    of: 'state',
    agreedUpTo: equalUpTo,
    ...(method !== undefined && { method }),
    digest: shownDigest(mine),
    primaryDigest: shownDigest(value),
  } as const;
  if (/* rule state-told-only */ r.states.onOther === 'restore') diverge(f, orderNum, difference);
  else r.log('error', 'UNDERSTUDY_DIVERGED', { orderNum, ...difference, stays: true });
}
