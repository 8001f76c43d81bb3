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

/** How many milliseconds the last replica in sync keeps suspects waiting for a replica that is on its way. */
const ALONE_FOR_MS = 10_000;

/**
 * The names under which a message may be suspected. It has more than one because its bytes may have been unknown when
 * it was named.
 */
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
 * Whether the primary of this term takes care because its predecessor died a short time ago. The wall clock alone cannot
 * tell: it may have been set forward, and where it was set back the order's time stands still until it is caught up. So
 * the time is never over before this replica has known of the term for as long, and is over at the latest when it has
 * known for as long of the judgement.
 */
export const takesCare = (r: ReplicaState, forMs: number = CARE_MS): boolean => {
  const deaths = r.record?.deaths;
  if (deaths === undefined || deaths.unexplained === 0) return false;
  const isSoon = Math.max(r.clocks.orderMs(), r.order.timeMs) <= deaths.careUntilMs - (CARE_MS - forMs);
  const isJudgedSoon = isSoon && /* rule care-ends-by-own-clock */ r.deaths.isJudgementYoung(r.nowMs, forMs);
  return isJudgedSoon || /* rule care-by-own-clock */ r.deaths.isTermYoung(r.nowMs, forMs);
};

/**
 * Whether this primary must start with care what it orders now. A message of the same name that it completed frees it
 * of suspicion.
 */
export function needsCare(r: ReplicaState, what: Orderable): boolean {
  if (!takesCare(r)) return false;
  const name = suspectName(r, what);
  if (name === undefined || r.deaths.isFreed(name)) return false;
  return isNamed(r, what) || /* rule old-steps-with-care */ isOldStep(r, what) || isAnonymous(r, what, name);
}

/**
 * Whether the order continues a handler that made a call, or armed a timer, in a step that this term adopted. The dead
 * primary may have begun the following step without telling any replica, and this group cannot bound how long a callee
 * takes to answer.
 */
function isOldStep(r: ReplicaState, what: Orderable): boolean {
  const from = continuedFrom(requestAt(r, what));
  const adopted = r.record?.adoptedThrough.at(-1)?.through ?? NO_ORDER;
  return from !== undefined && from.orderNum <= adopted;
}

/**
 * Whether only a dead primary may have heard of a message that is ordered now. Shortly after its death calls without a
 * session come again, timers fire again, and handlers go on again.
 */
function isAnonymous(r: ReplicaState, what: Orderable, name: string): boolean {
  if (connectionKind(what.connection) === 'session' || !takesCare(r, ANONYMOUS_CARE_MS)) return false;
  return r.deaths.isAmongFirst(handlerOf(r, what) ?? name);
}

/** The handler that this message continues, if it continues one. */
function handlerOf(r: ReplicaState, what: Orderable): string | undefined {
  const from = continuedFrom(requestAt(r, what));
  const began = from && callerAt(r, from);
  return began && `handler ${nameOf(began.message)}`;
}

/**
 * Whether the message at this place is started with care. An order of this primary has a mark that says so; a message
 * that it adopted is named in the record.
 */
const isCareful = (r: ReplicaState, info: OrderInfo): boolean =>
  poisonedAt(r, info) === undefined && (info.term === r.term ? isMarked(info) : isNamed(r, info));

/** Notes that a message that this replica started with care is processed and has not ended this process. */
export function noteSurvived(r: ReplicaState, info: OrderInfo): void {
  if (r.deaths.carefulAt !== info.orderNum) return;
  const name = suspectName(r, info);
  if (name !== undefined) r.deaths.free(name);
}

/**
 * What backups must know before the message at this place is started: that it is next, if it is a suspect, and that
 * every message through the last suspect is complete.
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

/** Whether the primary must not start this message yet. It then tells the backups what they must know first. */
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
  // A replica that is about to enter the set, or to leave it because of its state, does not count: it could not take
  // over.
  const isLast = r.record?.inSync.every(({ id }) => id === r.self.id || p.learners.has(id)) === true;
  if (isLast && (stability.alone || waitsForLearner(p))) return careful && waitsForLearner(p);
  return !isTold || (careful && stability.stableUpTo(r.order.heldUpTo) < orderNum);
}

/**
 * Whether the last replica in sync waits for a replica that is about to have a copy, because its own death would take
 * the state with it.
 */
function waitsForLearner(p: PrimaryState): boolean {
  const { r } = p;
  const mayCopy =
    r.nowMs >= p.copyAgainAtMs && r.openStreams === 0 && isAtRest(r) && /* rule care-ends-uncopied */ allPassed(r);
  return p.learners.size > 0 && mayCopy && r.nowMs - p.servesSinceMs < ALONE_FOR_MS;
}
