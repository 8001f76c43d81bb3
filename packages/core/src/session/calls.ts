/**
 * The unary calls and reads of a session: each waits for a primary and for room, is sent, and then answered or failed.
 */

import type { CallId, OrderNum, SeqNum } from '../model/ids.js';
import { next } from '../model/ids.js';
import { bodyBytes, isLarge, type Request } from '../model/message.js';
import type { PlaceInOrder } from '../ordering/remote-order.js';
import { adoptionPublished, isAdopted } from '../record/transitions.js';
import { hasRoomFor, WAITING_MAX_BYTES, whyTooLarge } from './flow.js';
import type { ClientStream, Read, Sent } from './open-calls.js';
import { invokeAtOnce } from './rpcs.js';
import type { SessionState } from './state.js';

/** The most requests whose bodies a session keeps. Further calls wait. */
export const RETAINED_MAX = 4096;
/** The most calls that may wait for a primary or for room. Further calls fail. */
export const WAITING_MAX = 16_384;
/** A replica that had no room counts as unreached when it has not said so again for this long. */
const NO_ROOM_FOR_MS = 3000;
/** After this long without a primary, calls fail. */
export const UNREACHABLE_AFTER_MS = 10_000;

const isRead = (what: Sent | Read): what is Read => 'readId' in what;

/** The application makes a call. */
export function onCall(s: SessionState, call: CallId, request: Request, readOnly: boolean): void {
  if (s.phase === 'closing') s.phase = 'open';
  if (s.phase === 'ended') {
    fail(s, call, 'UNDERSTUDY_UNREACHABLE', 'the session has ended; nothing was sent', false);
    return;
  }
  if (s.passesOn(call, request)) return;
  if (mayStart(s, request)) {
    start(s, call, request, s.isReadOnly(request.method, readOnly));
    return;
  }
  const tooLarge = whyTooLarge(s, request);
  if (tooLarge !== undefined) {
    fail(s, call, 'UNDERSTUDY_OVERLOADED', `${tooLarge}; nothing was sent`, false);
    return;
  }
  const noRoom = /* rule fail-without-room */ whyNoRoom(s);
  if (noRoom !== undefined) {
    fail(s, call, 'UNDERSTUDY_OVERLOADED', `${noRoom}; nothing was sent`, false);
    return;
  }
  if (s.waiting.length >= WAITING_MAX) {
    fail(s, call, 'UNDERSTUDY_OVERLOADED', `${WAITING_MAX} calls wait already; nothing was sent`, false);
    return;
  }
  if (s.waiting.bytes + bodyBytes(request) > WAITING_MAX_BYTES) {
    fail(s, call, 'UNDERSTUDY_OVERLOADED', `${WAITING_MAX_BYTES} bytes of calls wait already; nothing was sent`, false);
    return;
  }
  s.waiting.add({ call, request, readOnly, sinceMs: s.nowMs });
  // A call that waits for room does not show that the primary is lost.
  if (s.primary === undefined) s.lostSinceMs ??= s.nowMs;
  else if (s.inDoubt) s.wantFlush();
}

const mayStart = (s: SessionState, request: Request): boolean =>
  s.primary !== undefined &&
  !s.inDoubt &&
  s.waiting.first(isLarge(request)) === undefined &&
  s.sent.size + s.reads.size < RETAINED_MAX &&
  hasRoomFor(s, request) &&
  whyTooLarge(s, request) === undefined;

/** The group's settings are known now: calls of services that it does not replicate leave the session. */
export function passWaitingOn(s: SessionState): void {
  if (s.settings.unreplicated.length === 0) return;
  s.waiting.drop(({ call, request }) => s.passesOn(call, request));
  for (const [call, { id, opening }] of s.streams) {
    if (id === undefined && s.passesOn(call, opening)) s.streams.delete(call);
  }
}

/** Sends calls that waited, as far as there are a primary and room. */
export function startWaiting(s: SessionState): void {
  if (s.waiting.length === 0 || s.primary === undefined || s.inDoubt) return;
  startWaitingOf(s, false);
  startWaitingOf(s, true);
}

/** Small calls do not wait for large ones, nor the other way round. */
function startWaitingOf(s: SessionState, large: boolean): void {
  for (let first = s.waiting.first(large); first !== undefined; first = s.waiting.first(large)) {
    const { call, request, readOnly } = first;
    const tooLarge = whyTooLarge(s, request);
    if (tooLarge === undefined && (s.sent.size + s.reads.size >= RETAINED_MAX || !hasRoomFor(s, request))) return;
    s.waiting.shift(large);
    if (tooLarge === undefined) start(s, call, request, s.isReadOnly(request.method, readOnly));
    else fail(s, call, 'UNDERSTUDY_OVERLOADED', `${tooLarge}; nothing was sent`, false);
  }
}

function start(s: SessionState, call: CallId, request: Request, readOnly: boolean): void {
  if (readOnly) {
    const read: Read = { readId: ++s.lastReadId, request, call, sent: false, backup: s.backupFor(request) };
    s.reads.set(read.readId, read);
    s.calls.set(call, read);
    if (read.backup === undefined) invokeAtOnce(s, read);
  } else {
    s.lastSeqNum = next(s.lastSeqNum);
    const seqNum = s.lastSeqNum;
    const sent: Sent = {
      seqNum,
      request,
      call,
      answered: false,
      order: undefined,
      stable: false,
      invoked: false,
      stream: undefined,
    };
    s.sent.set(seqNum, sent);
    s.calls.set(call, sent);
    invokeAtOnce(s, sent);
  }
  s.wantFlush();
}

/** Sends a message that belongs to no unary call of the application's. */
export function number(s: SessionState, request: Request, stream: ClientStream | undefined): SeqNum {
  s.lastSeqNum = next(s.lastSeqNum);
  const seqNum = s.lastSeqNum;
  s.sent.set(seqNum, {
    seqNum,
    request,
    call: undefined,
    answered: false,
    order: undefined,
    stable: false,
    invoked: false,
    stream,
  });
  s.wantFlush();
  return seqNum;
}

/** Tells a handler that its call was given up, at a place in the order, because it may be waiting for other calls. */
function tellGivenUp(s: SessionState, { seqNum, request }: Sent): void {
  if (!s.waitsForOthers(request.method)) return;
  number(s, { method: '', message: NO_BYTES, stream: { kind: 'cancel', of: seqNum } }, undefined);
}

const NO_BYTES = new Uint8Array(0);

/** The application gave up its call. A request that was sent stays, because replicas may need its body. */
export function onCancel(s: SessionState, call: CallId): void {
  const what = s.calls.get(call);
  if (what === undefined) {
    s.waiting.delete(call);
    return;
  }
  s.calls.delete(call);
  if (isRead(what)) {
    s.reads.delete(what.readId);
    return;
  }
  what.call = undefined;
  // Its RPC, if there was one, is gone. The primary gets the body by frame; otherwise the seqNum would stay a gap for
  // ever.
  what.invoked = false;
  tellGivenUp(s, what);
  if (s.config.carrier === 'rpc') s.wantFlush();
}

/** The request has its reply, or will never have one. @returns the application's call, if it still waits */
export function settle(s: SessionState, what: Sent | Read): CallId | undefined {
  const { call } = what;
  if (call !== undefined) s.calls.delete(call);
  if (isRead(what)) {
    s.reads.delete(what.readId);
    return call;
  }
  what.call = undefined;
  what.answered = true;
  let seen = next(s.repliesSeenUpTo);
  while (seen <= s.lastSeqNum && s.sent.get(seen)?.answered !== false) {
    s.repliesSeenUpTo = seen;
    seen = next(seen);
  }
  if (/* rule retain-until-stable */ what.stable) s.sent.delete(what.seqNum);
  return call;
}

/**
 * The request was voided, so it had no effect: it is sent again as a new one. A read is voided if its method is none in
 * the group, so it is sent as a call with a place in the order.
 */
export function startAgain(s: SessionState, what: Sent | Read): void {
  const call = settle(s, what);
  if (!isRead(what)) s.sent.delete(what.seqNum);
  if (call !== undefined) start(s, call, what.request, false);
}

/**
 * Believes the primary's `stableUpTo` once the adoption of its term is known. Before that it says nothing about
 * orders that its promotion cut.
 */
export function noteStable(s: SessionState): void {
  if (!adoptionPublished(s.view)) return;
  s.stable = s.saidStable;
  s.pendingRemoteOrder.stable(s.stable);
  releaseStable(s);
}

/** Drops the bodies of requests that are answered and whose order is stable. */
export function releaseStable(s: SessionState): void {
  for (const sent of s.sent.values()) {
    if (sent.order === undefined || !isStable(s, sent.order)) continue;
    sent.stable = true;
    if (sent.answered) s.sent.delete(sent.seqNum);
  }
}

/** A reply names the place of its request, if that is not stable yet. */
export function notePlace(s: SessionState, sent: Sent, stable: boolean, orderNum: OrderNum): void {
  sent.order = { term: s.term, orderNum };
  sent.cutSinceMs = undefined;
  // RPCs overtake each other, so a later reply may already have said that this order is stable.
  sent.stable ||= stable || isStable(s, sent.order);
  if (sent.stable && sent.answered) s.sent.delete(sent.seqNum);
}

/** A promotion cut orders: the answered requests that had them may never get others. */
export function noteCutRequests(s: SessionState): void {
  if (!adoptionPublished(s.view)) return;
  for (const sent of s.sent.values()) {
    if (!sent.answered || sent.order === undefined || isAdopted(s.view, sent.order)) continue;
    sent.cutSinceMs ??= s.nowMs;
    s.hasCutRequests = true;
  }
}

/**
 * Drops answered requests whose orders were cut. A primary that has heard since then that their replies were seen does
 * not order them again. Until then a late copy may get a new order, whose reply says so.
 */
export function dropCutRequests(s: SessionState): void {
  if (!s.hasCutRequests) return;
  s.hasCutRequests = false;
  const heardMs = s.primary?.ackedMs ?? Number.NEGATIVE_INFINITY;
  for (const { seqNum, answered, cutSinceMs } of s.sent.values()) {
    if (!answered || cutSinceMs === undefined) continue;
    if (cutSinceMs < heardMs && seqNum <= s.repliesSeenUpTo) s.sent.delete(seqNum);
    else s.hasCutRequests = true;
  }
}

export function isStable(s: SessionState, order: PlaceInOrder): boolean {
  // A forced record may give small numbers again, in a term that has not said yet what is stable.
  if (order.orderNum > s.stable.orderNum || order.term > s.stable.term) return false;
  return order.term === s.term || /* rule stable-if-adopted */ (adoptionPublished(s.view) && isAdopted(s.view, order));
}

export function fail(
  s: SessionState,
  call: CallId,
  code: Extract<SessionState['effects'][number], { kind: 'fail' }>['code'],
  reason: string,
  mayHaveTakenEffect: boolean,
): void {
  s.effects.push({ kind: 'fail', call, code, reason, mayHaveTakenEffect });
}

export const isUnreachable = (s: SessionState): boolean =>
  s.lostSinceMs !== undefined && s.nowMs - s.lostSinceMs >= UNREACHABLE_AFTER_MS;

/**
 * Ends calls after too long without a primary. Calls that were not sent had no effect; the outcome of the others is
 * unknown.
 */
export function failUnreachable(s: SessionState): void {
  if (!isUnreachable(s)) return;
  for (const { call } of s.waiting.takeOlderThan(s.nowMs - UNREACHABLE_AFTER_MS)) {
    fail(s, call, 'UNDERSTUDY_UNREACHABLE', 'no primary was reached; nothing was sent', false);
  }
  for (const [call, what] of s.calls) {
    const read = isRead(what);
    s.calls.delete(call);
    if (read) s.reads.delete(what.readId);
    else {
      what.call = undefined;
      tellGivenUp(s, what);
    }
    fail(s, call, 'UNDERSTUDY_INDETERMINATE', 'the primary was lost and no other took over in time', !read);
  }
}

/**
 * Why no replica has room for this session: the reason of one, if every other replica that is reached has none either.
 * Calls then fail at once, while the session goes on asking for room.
 */
export function whyNoRoom(s: SessionState): string | undefined {
  if (s.primary !== undefined) return undefined;
  let reason: string | undefined;
  for (const { up, noRoom } of s.links) {
    const counts = noRoom !== undefined && s.nowMs - noRoom.sinceMs < NO_ROOM_FOR_MS;
    if (counts) reason ??= noRoom.reason;
    else if (up) return undefined;
  }
  return reason;
}

/** Fails the calls that wait to be sent. */
export function failWaiting(s: SessionState, reason: string): void {
  for (const { call } of s.waiting.takeAll()) {
    fail(s, call, 'UNDERSTUDY_OVERLOADED', `${reason}; nothing was sent`, false);
  }
}

/** Ends all calls: the replicas freed this connection's records, or refuse it for good. */
export function failAll(
  s: SessionState,
  code: 'UNDERSTUDY_SESSION_EXPIRED' | 'UNDERSTUDY_SETUP' | 'UNDERSTUDY_NOT_OWNER',
  reason: string,
): void {
  for (const { call } of s.waiting.takeAll()) fail(s, call, code, `${reason}; the call was not sent`, false);
  for (const [call, what] of s.calls) fail(s, call, code, reason, !isRead(what));
  s.calls.clear();
  s.reads.clear();
  s.sent.clear();
  s.held.clear();
}

export const isOutstanding = (sent: Sent): boolean => !sent.answered;

export const outstanding = (s: SessionState): SeqNum[] =>
  [...s.sent.values()].filter(isOutstanding).map(({ seqNum }) => seqNum);
