/**
 * The care with which a primary starts messages that its predecessor may have died of (DESIGN 5.14): it waits until every
 * backup knows that this one is next, and starts nothing behind it until they know that it is complete. If this primary
 * dies in between, its successor knows of what.
 */

import { type ConnectionId, connectionKind, maxOf, type OrderNum } from '../../model/ids.js';
import { isMarked, type Orderable, type OrderInfo } from '../../model/order-info.js';
import { ANONYMOUS_CARE_MS, CARE_MS } from '../../record/deaths.js';
import { isAtRest } from '../state/base.js';
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
 * Whether nobody but a dead primary may have heard of a message that is ordered now: shortly after its death calls without
 * a session come again, timers fire again, and handlers go on again.
 */
export const mayBeAnonymous = (connection: ConnectionId, timeMs: number, careUntilMs: number): boolean =>
  connectionKind(connection) !== 'session' && timeMs <= careUntilMs - (CARE_MS - ANONYMOUS_CARE_MS);

/** The handler that goes on with this message, if one does. */
function handlerOf(r: ReplicaState, what: Orderable): string | undefined {
  const from = continuedFrom(requestAt(r, what));
  const began = from && callerAt(r, from);
  return began && `handler ${nameOf(began.message)}`;
}

/** Whether this primary is to start with care what it orders now. One like it that it completed frees it of suspicion. */
export function needsCare(r: ReplicaState, what: Orderable, timeMs: number): boolean {
  const deaths = r.record?.deaths;
  if (deaths === undefined || timeMs > deaths.careUntilMs) return false;
  const name = suspectName(r, what);
  if (name === undefined || r.deaths.isFreed(name)) return false;
  if (isNamed(r, what)) return true;
  return (
    mayBeAnonymous(what.connection, timeMs, deaths.careUntilMs) && r.deaths.isAmongFirst(handlerOf(r, what) ?? name)
  );
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
  // One that is about to enter the set does not count: if this replica ended now, nobody could take over.
  const isLast = r.record?.inSync.length === 1;
  if (isLast && (stability.alone || waitsForLearner(p))) return careful && waitsForLearner(p);
  return !isTold || (careful && stability.stableUpTo(r.order.heldUpTo) < orderNum);
}

/** The last replica in sync would take the state with it, so it waits for one that is about to have a copy. */
function waitsForLearner(p: PrimaryState): boolean {
  const { r } = p;
  const mayCopy = r.nowMs >= p.copyAgainAtMs && r.openStreams === 0 && isAtRest(r);
  return p.learners.size > 0 && mayCopy && r.nowMs - p.servesSinceMs < ALONE_FOR_MS;
}
