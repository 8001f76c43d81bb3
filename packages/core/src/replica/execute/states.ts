/** A backup takes digests of its state where the primary does, and compares them (DESIGN 5.10, 7.7). */

import type { StateDigest } from '../../model/digest.js';
import { maxOf, next, type OrderNum } from '../../model/ids.js';
import { sameMember } from '../../record/transitions.js';
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
    f.states.differed = 0;
    f.acknowledge();
    return;
  }
  f.states.differed++;
  const method = methodsBetween(r, equalUpTo, orderNum);
  const difference = {
    of: 'state',
    agreedUpTo: equalUpTo,
    ...(method !== undefined && { method }),
    digest: shownDigest(mine),
    primaryDigest: shownDigest(value),
  } as const;
  const restores = /* rule state-told-only */ r.states.onOther === 'restore';
  if (!restores) r.log('error', 'UNDERSTUDY_DIVERGED', { orderNum, ...difference, stays: true });
  else if (/* rule one-restores-at-a-time */ mayLeave(f)) diverge(f, orderNum, difference);
  else if (f.states.differed === 1)
    r.log('warn', 'the state differs; another replica may restore its own first', { orderNum });
}

/**
 * Whether this backup may leave the in-sync set because of its state. If the primary's state is the odd one, all backups
 * differ at once, so they leave by turns: at its n-th difference the n-th of them does, while another one stays. A group of
 * two has no other.
 */
function mayLeave({ r, states }: FollowerState): boolean {
  const { record, self } = r;
  if (record === undefined) return false;
  const backups = record.inSync.filter((member) => !sameMember(member, record.primary));
  const place = backups.findIndex((member) => sameMember(member, self));
  const isSmall = Object.keys(record.addresses).length < 3;
  return (backups.length > 1 || isSmall) && states.differed > place;
}
