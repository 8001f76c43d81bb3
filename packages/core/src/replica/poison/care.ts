/**
 * The care with which a primary starts messages that its predecessor may have died of (DESIGN 5.14): only once every
 * backup knows that this one is next. If this primary dies too, its successor knows of what.
 */

import { connectionKind, maxOf, type OrderNum } from '../../model/ids.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { Deaths } from '../../model/record.js';
import { OTHERS } from '../../record/deaths.js';
import { isAtRest } from '../state/base.js';
import type { Entry } from '../state/message-order.js';
import type { PrimaryState } from '../state/primary-state.js';
import { nameOf, type ReplicaState } from '../state/replica-state.js';
import { requestAt, suspectName } from './names.js';
import { poisonedAt } from './refuse.js';

/** The last replica in sync keeps suspects waiting for so long for one that is on its way. */
const ALONE_FOR_MS = 10_000;

/** The names under which a message may be suspected: its bytes may not have been known when it was. */
export function namesOf(r: ReplicaState, info: OrderInfo): readonly string[] {
  const name = suspectName(r, info);
  if (name === undefined) return [];
  return info.kind === 'call' ? [name, nameOf(info)] : [name];
}

/**
 * Whether a message is one to be started with care. Calls without a session and later steps of handlers always are: what
 * the dead primary had of them nobody else may have heard of.
 */
export function takesCare(r: ReplicaState, { careUntilMs, suspects }: Deaths, info: OrderInfo): boolean {
  if (info.timeMs > careUntilMs) return false;
  const names = namesOf(r, info);
  if (names.length === 0) return false;
  if (connectionKind(info.connection) !== 'session') return true;
  return suspects.some(({ message }) => message === OTHERS || names.includes(message));
}

/** Whether the message at this place must be started with care. One like it that was completed frees it of suspicion. */
export function isSuspect(r: ReplicaState, { info }: Entry, toldUpTo: number): boolean {
  const deaths = r.record?.deaths;
  if (deaths === undefined || poisonedAt(r, info) !== undefined || !takesCare(r, deaths, info)) return false;
  const survivedAt = r.deaths.survived.get(freedAs(r, info) ?? '');
  return survivedAt === undefined || survivedAt > toldUpTo;
}

/**
 * The name under which a message that was completed frees others like it of suspicion; undefined for the step of a
 * handler after a nested call, because the next step of that handler has the same name and does something else.
 */
export const freedAs = (r: ReplicaState, info: OrderInfo): string | undefined =>
  /* rule steps-free-nothing */ requestAt(r, info)?.reply !== undefined ? undefined : suspectName(r, info);

/** Notes that a message like this one has been processed in this term, and has ended nobody. */
export function noteSurvived(r: ReplicaState, info: OrderInfo): void {
  const deaths = r.record?.deaths;
  if (deaths === undefined || info.term !== r.term || info.timeMs > deaths.careUntilMs) return;
  const name = freedAs(r, info);
  if (name !== undefined) r.deaths.noteSurvived(name, info.orderNum);
}

/** Whether the primary must not start this message yet. If so, the backups are told what they must know first. */
export function holdBack(p: PrimaryState, entry: Entry): boolean {
  const { orderNum } = entry.info;
  if (!isHeldBack(p, entry)) {
    p.heldBack = undefined;
    return false;
  }
  if (p.heldBack === orderNum) return true;
  p.heldBack = orderNum;
  p.localAnnounceUpTo = maxOf(p.localAnnounceUpTo, orderNum);
  p.urgentUpTo = maxOf(p.urgentUpTo, orderNum);
  p.r.wantFlush();
  return true;
}

function isHeldBack(p: PrimaryState, entry: Entry): boolean {
  const { r, stability } = p;
  const { orderNum } = entry.info;
  if (!isSuspect(r, entry, stability.toldUpTo)) return false;
  // One that is about to enter the set does not count: if this replica ended now, nobody could take over.
  const isLast = r.record?.inSync.length === 1;
  if (isLast && (stability.alone || waitsForLearner(p))) return waitsForLearner(p);
  return stability.stableUpTo(r.order.heldUpTo) < orderNum || stability.toldUpTo < ((orderNum - 1) as OrderNum);
}

/** The last replica in sync would take the state with it, so it waits for one that is about to have a copy. */
function waitsForLearner(p: PrimaryState): boolean {
  const { r } = p;
  const mayCopy = r.nowMs >= p.copyAgainAtMs && r.openStreams === 0 && isAtRest(r);
  return p.learners.size > 0 && mayCopy && r.nowMs - p.servesSinceMs < ALONE_FOR_MS;
}
