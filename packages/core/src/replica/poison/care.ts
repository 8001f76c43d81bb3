/**
 * The care with which a primary starts messages that its predecessor may have died of (DESIGN 5.14): it waits until every
 * backup knows that this one is next, and starts nothing behind it until they know that it is complete. If this primary
 * dies in between, its successor knows of what.
 */

import { connectionKind, maxOf, NO_ORDER, type OrderNum } from '../../model/ids.js';
import { isMarked, type Orderable, type OrderInfo } from '../../model/order-info.js';
import { ANONYMOUS_CARE_MS, CARE_MS } from '../../record/deaths.js';
import { allPassed, isAtRest } from '../state/base.js';
import type { Entry } from '../state/message-order.js';
import type { PrimaryState } from '../state/primary-state.js';
import { nameOf, type ReplicaState } from '../state/replica-state.js';
import { callerAt, continuedFrom, requestAt, suspectName } from './names.js';
import { poisonedAt } from './refuse.js';

/** The last replica in sync keeps suspects waiting for so long for one that is on its way. */
const ALONE_FOR_MS = 10_000;

/** The names under which a message may be suspected: its bytes may not have been known when it was. */
export function namesOf(r: ReplicaState, what: Orderable): readonly string[] {
  const name = suspectName(r, what);
  if (name === undefined) return [];
  return what.kind === 'call' ? [name, nameOf(what)] : [name];
}

/** Whether the record names this message as one that the last primaries may have died of. */
export function isNamed(r: ReplicaState, what: Orderable): boolean {
  const suspected = r.record === undefined ? undefined : r.deaths.suspected(r.record);
  return suspected !== undefined && suspected.size > 0 && namesOf(r, what).some((name) => suspected.has(name));
}

/**
 * Whether the primary of this term takes care, because the one before it died a short time ago. Both clocks must say that
 * the time is over: one that is set forward ends no care, and a replica that was started in this term knows no other.
 */
export const takesCare = (r: ReplicaState, forMs: number = CARE_MS): boolean => {
  const deaths = r.record?.deaths;
  if (deaths === undefined || deaths.unexplained === 0) return false;
  const isSoon = Math.max(r.clocks.orderMs(), r.order.timeMs) <= deaths.careUntilMs - (CARE_MS - forMs);
  return isSoon || /* rule care-by-own-clock */ r.deaths.isTermYoung(r.nowMs, forMs);
};

/** Whether this primary is to start with care what it orders now. One like it that it completed frees it of suspicion. */
export function needsCare(r: ReplicaState, what: Orderable): boolean {
  if (!takesCare(r)) return false;
  const name = suspectName(r, what);
  if (name === undefined || r.deaths.isFreed(name)) return false;
  return isNamed(r, what) || /* rule old-steps-with-care */ isOldStep(r, what) || isAnonymous(r, what, name);
}

/**
 * Whether a handler goes on that made a call, or armed a timer, in a step that this term adopted. The dead primary may have
 * begun the step that follows without telling anybody, and how long a callee takes to answer is not for this group to say.
 */
function isOldStep(r: ReplicaState, what: Orderable): boolean {
  const from = continuedFrom(requestAt(r, what));
  const adopted = r.record?.adoptedThrough.at(-1)?.through ?? NO_ORDER;
  return from !== undefined && from.orderNum <= adopted;
}

/**
 * Whether nobody but a dead primary may have heard of a message that is ordered now: shortly after its death calls without
 * a session come again, timers fire again, and handlers go on again.
 */
function isAnonymous(r: ReplicaState, what: Orderable, name: string): boolean {
  if (connectionKind(what.connection) === 'session' || !takesCare(r, ANONYMOUS_CARE_MS)) return false;
  return r.deaths.isAmongFirst(handlerOf(r, what) ?? name);
}

/** The handler that goes on with this message, if one does. */
function handlerOf(r: ReplicaState, what: Orderable): string | undefined {
  const from = continuedFrom(requestAt(r, what));
  const began = from && callerAt(r, from);
  return began && `handler ${nameOf(began.message)}`;
}

/** Whether the message at this place is started with care. What this primary ordered says so; what it adopted is named. */
const isCareful = (r: ReplicaState, info: OrderInfo): boolean =>
  poisonedAt(r, info) === undefined && (info.term === r.term ? isMarked(info) : isNamed(r, info));

/** Notes that a message that this replica started with care is processed, and has ended nobody. */
export function noteSurvived(r: ReplicaState, info: OrderInfo): void {
  if (r.deaths.carefulAt !== info.orderNum) return;
  const name = suspectName(r, info);
  if (name !== undefined) r.deaths.free(name);
}

/**
 * What backups must know before the message at this place is started: that it is the next, if it is a suspect, and that
 * everything through the last suspect is complete.
 */
export interface Care {
  readonly careful: boolean;
  readonly completeUpTo: OrderNum;
}

export function careFor(r: ReplicaState, { info }: Entry): Care {
  const careful = isCareful(r, info);
  const completeUpTo = careful ? ((info.orderNum - 1) as OrderNum) : r.deaths.carefulAt;
  return { careful, completeUpTo };
}

/** Whether the primary must not start this message yet. If so, the backups are told what they must know first. */
export function holdBack(p: PrimaryState, entry: Entry): boolean {
  const { orderNum } = entry.info;
  const care = careFor(p.r, entry);
  if (!isHeldBack(p, entry, care)) {
    p.heldBack = undefined;
    if (care.careful) p.r.deaths.carefulAt = orderNum;
    return false;
  }
  if (p.heldBack === orderNum) return true;
  p.heldBack = orderNum;
  p.localAnnounceUpTo = maxOf(p.localAnnounceUpTo, orderNum);
  p.urgentUpTo = maxOf(p.urgentUpTo, orderNum);
  p.r.wantFlush();
  return true;
}

function isHeldBack(p: PrimaryState, entry: Entry, { careful, completeUpTo }: Care): boolean {
  const { r, stability } = p;
  const { orderNum } = entry.info;
  const isTold = /* rule told-before-next */ stability.toldUpTo >= completeUpTo;
  if (!careful && isTold) return false;
  // One that is about to enter the set, or to leave it for another state, does not count: it could not take over.
  const isLast = r.record?.inSync.every(({ id }) => id === r.self.id || p.learners.has(id)) === true;
  if (isLast && (stability.alone || waitsForLearner(p))) return careful && waitsForLearner(p);
  return !isTold || (careful && stability.stableUpTo(r.order.heldUpTo) < orderNum);
}

/** The last replica in sync would take the state with it, so it waits for one that is about to have a copy. */
function waitsForLearner(p: PrimaryState): boolean {
  const { r } = p;
  const mayCopy =
    r.nowMs >= p.copyAgainAtMs && r.openStreams === 0 && isAtRest(r) && /* rule care-ends-uncopied */ allPassed(r);
  return p.learners.size > 0 && mayCopy && r.nowMs - p.servesSinceMs < ALONE_FOR_MS;
}
