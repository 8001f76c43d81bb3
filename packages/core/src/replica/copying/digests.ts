/** When digests of the state are taken, and at what cost. */

import type { EventOf } from '../state/events.js';
import type { ReplicaState } from '../state/replica-state.js';
import { sayBusy, sayIdle } from './busy.js';

/** A digest that takes longer than this part of a lease is announced to the other replicas before it begins. */
const SLOW_IN_LEASES = 1 / 8;

/** Whether this replica compares its state with those of others. */
export const comparesStates = (r: ReplicaState): boolean => mayCompare(r) && (isAsked(r) || r.states.isCheap);

const mayCompare = ({ config, states }: ReplicaState): boolean =>
  config.stateDigestEvery !== 0 && states.onOther !== 'ignore' && !states.differ;

/** Whether the settings ask for comparisons whatever a copy costs. */
const isAsked = ({ config }: ReplicaState): boolean =>
  /* rule dear-state-not-by-default */ config.stateDigestEvery !== undefined;

/** Whether the user's function blocked this process for long when a digest was last taken. */
export const isSlow = ({ states, config }: ReplicaState): boolean => states.blockedMs > SLOW_IN_LEASES * config.leaseMs;

/**
 * Takes a digest of the state after the last order that was processed. Nothing is processed meanwhile. Peers are told first
 * if that may take long, because the user's function may block this process.
 */
export function askForDigest(r: ReplicaState): void {
  r.stateBusy = 'digest';
  r.states.pending.add(r.order.processedUpTo);
  r.states.askedMs = r.nowMs;
  r.effects.push({
    kind: 'digestState',
    orderNum: r.order.processedUpTo,
    told: /* rule busy-while-digesting */ isSlow(r) ? sayBusy(r) : [],
  });
}

/** The state is copied, so messages may be processed again. */
export function onStateHeld(r: ReplicaState, { orderNum, heldMs, blockedMs }: EventOf<'stateHeld'>): void {
  if (r.stateBusy !== 'digest' || orderNum !== r.order.processedUpTo) return;
  r.stateBusy = undefined;
  if (isSlow(r)) sayIdle(r);
  r.states.heldMs = heldMs;
  r.states.blockedMs = blockedMs;
}

/** The digest is there, or could not be made. */
export function onStateDigested(r: ReplicaState, event: EventOf<'stateDigested'>): void {
  const { orderNum, digest, tookMs, cost, reason } = event;
  if (cost !== undefined) r.states.copied(cost);
  if (!r.states.pending.delete(orderNum)) return;
  if (digest === undefined) r.log('warn', 'the state could not be copied, so it is not compared', { reason });
  r.role.stateDigested(orderNum, digest, tookMs);
}

/** At a tick: says once that the state is not compared because of what a copy costs. */
export function tellCost(r: ReplicaState): void {
  const { states, config, role } = r;
  if (states.toldCost || comparesStates(r) || !mayCompare(r) || config.replication === 'passive') return;
  if (role.kind !== 'primary' && role.kind !== 'backup') return;
  states.toldCost = true;
  const { bytes, ms } = states.cost;
  r.log(
    'warn',
    'the state takes long to copy or is large, so it is not compared; set stateDigestEvery if it shall be',
    {
      bytes,
      copyMs: Math.round(ms),
    },
  );
}

/**
 * At a tick: gives up a digest whose copy the user's function does not finish, so that messages do not wait for ever.
 */
export function leaveStalledDigest(r: ReplicaState): void {
  const { config, nowMs, states } = r;
  if (r.stateBusy !== 'digest' || /* rule digest-not-for-ever */ nowMs - states.askedMs < config.stallMs) return;
  giveUpDigests(r);
  states.heldMs = config.stallMs;
  r.log('warn', 'the state was not copied in time, so it is not compared', { afterMs: config.stallMs });
  r.role.stateDigested(r.order.processedUpTo, undefined, config.stallMs);
}

/** This replica is about to take over, which must not wait for a digest. */
export function giveUpDigests(r: ReplicaState): void {
  if (r.states.pending.size === 0) return;
  r.states.pending.clear();
  if (r.stateBusy === 'digest') r.stateBusy = undefined;
  r.effects.push({ kind: 'endDigest' });
}

/**
 * The state that was just restored gives other bytes than the copy it came from. Every later copy would differ too, so
 * comparing this state says nothing: this replica reports that once and goes on.
 */
export function onOtherState(r: ReplicaState, given: string, made: string): void {
  /* rule restore-differs-once */ r.states.differ = true;
  r.log('error', 'UNDERSTUDY_DIVERGED', {
    orderNum: r.order.processedUpTo,
    of: 'restore',
    digest: shownDigest(made),
    primaryDigest: shownDigest(given),
  });
}

/** The part of a digest that the log shows. */
export const shownDigest = (digest: string): string => digest.slice(0, 13);
