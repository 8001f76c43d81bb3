/** A backup takes digests of its state where the primary does, and compares them (DESIGN 5.10, 7.7). */

import type { StateDigest } from '../../model/digest.js';
import { maxOf, next, type OrderNum } from '../../model/ids.js';
import { sameMember } from '../../record/transitions.js';
import { askForDigest, comparesStates, shownDigest } from '../copying/digests.js';
import type { Difference } from '../state/digests/state-digests.js';
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

/** How many leases a backup waits for each backup before it in the set: one that has not left by then has an equal state. */
const TURN_LEASES = 5;
/** How many leases the only backup waits for another one before it leaves. The other one may be gone for good. */
const ALONE_LEASES = 20;

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
    f.states.isEqual();
    f.acknowledge();
    return;
  }
  f.states.differsAt = orderNum;
  const method = methodsBetween(r, equalUpTo, orderNum);
  const difference: Difference = {
    of: 'state',
    agreedUpTo: equalUpTo,
    ...(method !== undefined && { method }),
    digest: shownDigest(mine),
    primaryDigest: shownDigest(value),
  };
  const restores = /* rule state-told-only */ r.states.onOther === 'restore';
  if (!restores) r.log('error', 'UNDERSTUDY_DIVERGED', { orderNum, ...difference, stays: true });
  else {
    const waiting = { orderNum, difference, sinceMs: f.states.waiting?.sinceMs ?? r.nowMs };
    f.states.waiting = waiting;
    if (!restoreInTurn(f) && waiting.sinceMs === r.nowMs)
      r.log('warn', 'the state differs; it is restored when no other replica restores its own', { orderNum });
  }
}

/**
 * Leaves the in-sync set because of a difference of the state, if it is this backup's turn. If the primary's state is
 * the odd one, all backups differ at once: the first of them leaves, and the others stay until it is back. In a group
 * of two there is no other backup to wait for.
 *
 * @returns whether it leaves
 */
export function restoreInTurn(f: FollowerState): boolean {
  const { waiting } = f.states;
  if (waiting === undefined || /* rule one-restores-at-a-time */ !isItsTurn(f, waiting.sinceMs)) return false;
  f.states.waiting = undefined;
  diverge(f, waiting.orderNum, waiting.difference);
  return true;
}

function isItsTurn({ r }: FollowerState, sinceMs: number): boolean {
  const { record, self, config } = r;
  if (record === undefined) return false;
  const backups = record.inSync.filter((member) => !sameMember(member, record.primary));
  const place = backups.findIndex((member) => sameMember(member, self));
  if (place < 0) return true;
  const isSmall = Object.keys(record.addresses).length < 3;
  const waitedLeases = (r.nowMs - sinceMs) / config.leaseMs;
  if (backups.length === 1 && !isSmall) return waitedLeases >= ALONE_LEASES;
  return waitedLeases >= place * TURN_LEASES;
}
