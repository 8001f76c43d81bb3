/** The primary decides after which orders all replicas take a digest of their states, so that it costs next to nothing. */

import type { StateDigest } from '../../model/digest.js';
import { NO_ORDER, type OrderNum } from '../../model/ids.js';
import type { Orderable } from '../../model/order-info.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import { askForDigest, comparesStates } from './digests.js';

/** How many orders lie between two comparisons of states where `stateDigestEvery` is not given. */
const OTHERWISE_EVERY = 1024;
/** States are compared after this many milliseconds even if fewer orders came than `stateDigestEvery` says. */
const LATEST_MS = 10_000;
/**
 * Digests take at most this part of the time; where messages wait longer than `LONG_MS` for a digest, a tenth of it.
 */
const SHARE = 1 / 200;
const LONG_MS = 50;
const LONG_SHARE = 1 / 2000;
/** A digest that blocks the main thread for a longer part of a lease needs liveness threads. */
const BLOCKED_IN_LEASES = 1 / 4;
/** How long this primary waits before it tries to copy a state again that could not be copied, in milliseconds. */
const AGAIN_MS = 60_000;

/** The backups that execute what this primary orders, so that they have a state to compare. */
const comparing = ({ r, required }: PrimaryState): Peer[] => {
  if (r.config.replication === 'passive') return [];
  const peers = required.map(({ id }) => r.peers.get(id));
  return peers.filter((peer) => peer?.byCopy === false) as Peer[];
};

/** The last order after which the states of all backups were known to equal this primary's; 0 if there is none. */
export function statesEqualUpTo(p: PrimaryState): OrderNum {
  const all = comparing(p).map((peer) => peer.statesEqualUpTo);
  return all.length === 0 ? NO_ORDER : (Math.min(...all) as OrderNum);
}

/** Whether all states are to be compared after the last order that was given, before the next one is. */
export function digestIsDue(p: PrimaryState): boolean {
  const { r, digested } = p;
  const { processedUpTo, last } = r.order;
  if (!comparesStates(r) || processedUpTo === digested.at || processedUpTo !== last) return false;
  if (r.nowMs < digested.notBeforeMs || r.states.pending.size > 0 || r.handsOver) return false;
  const isFull = processedUpTo - digested.at >= (r.config.stateDigestEvery ?? OTHERWISE_EVERY);
  if (!isFull && r.nowMs - digested.atMs < LATEST_MS) return false;
  const others = comparing(p);
  return others.length > 0 && /* rule digest-within-lease */ keepsLease(p, others);
}

/**
 * Whether the lease survives a digest. While the user's function blocks the main threads, only liveness threads say that
 * everybody lives.
 */
function keepsLease({ r }: PrimaryState, others: readonly Peer[]): boolean {
  const { leaseMs } = r.config;
  if (r.states.blockedMs <= BLOCKED_IN_LEASES * leaseMs) return true;
  return r.delegates && others.every(({ threadHeardMs }) => r.nowMs - threadHeardMs < leaseMs);
}

/** Takes a digest, and lets the backups take theirs after the same order. */
export function takeDigest(p: PrimaryState): void {
  noteDigest(p);
  askForDigest(p.r);
}

/** The state is copied after the last order, or a digest of it is made: the next order tells the backups. */
export function noteDigest(p: PrimaryState): void {
  const { r, digested } = p;
  if (!comparesStates(r) || comparing(p).length === 0) return;
  digested.at = r.order.processedUpTo;
  digested.atMs = r.nowMs;
  digested.marksNext = true;
}

/**
 * The adapter has made this primary's digest, or could not.
 *
 * @param digest undefined if it could not be made
 * @param tookMs the time that it cost
 */
export function onPrimaryDigested(
  p: PrimaryState,
  orderNum: OrderNum,
  digest: string | undefined,
  tookMs: number,
): void {
  const { r, digested } = p;
  const { heldMs } = r.states;
  const pauseMs = Math.max(tookMs / SHARE, heldMs > LONG_MS ? heldMs / LONG_SHARE : 0);
  // Of two measurements the shorter one counts, because a process may pause during either.
  const shorterMs = Math.min(pauseMs, digested.pauseMs);
  digested.pauseMs = pauseMs;
  digested.notBeforeMs = r.nowMs + Math.max(shorterMs, digest === undefined ? AGAIN_MS : 0);
  if (digest === undefined) digested.marksNext = false;
  else tellDigest(p, { orderNum, value: digest });
}

/** The digest of this primary's state is known. It leaves with the next frame to each backup. */
export function tellDigest(p: PrimaryState, digest: StateDigest): void {
  const { r, digested } = p;
  if (!comparesStates(r) || comparing(p).length === 0) return;
  if (digested.newest === undefined || digest.orderNum > digested.newest.orderNum) digested.newest = digest;
}

/** Marks the first order after a digest, so that backups take theirs at the same place. */
export function takeMark({ digested }: PrimaryState, what: Orderable): Orderable {
  const isMarked = /* rule digest-marked */ digested.marksNext;
  digested.marksNext = false;
  return isMarked ? { ...what, digestsState: true } : what;
}
