/** The streams of a session: sends their parts within the window, and again after a void, until each stream ends. */

import { type CallId, NO_SEQ, type SeqNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import { type Outcome, replyOf, type StreamEnd } from '../model/outcome.js';
import { STREAM_CREDIT_AT, STREAM_CREDIT_AT_BYTES, STREAM_CREDITS_MAX, type StreamPart } from '../model/stream.js';
import {
  fail,
  failWaiting,
  isUnreachable,
  number,
  RETAINED_MAX,
  settle,
  UNREACHABLE_AFTER_MS,
  WAITING_MAX,
  whyNoRoom,
} from './calls.js';
import type { NestedPlace, Sent } from './open-calls.js';
import { ClientStream } from './open-calls.js';
import type { SessionState } from './state.js';

const NO_BYTES = new Uint8Array(0);

/** The application opens a stream. */
export function onOpenStream(s: SessionState, call: CallId, request: Request, nested?: NestedPlace): void {
  if (s.phase === 'closing') s.phase = 'open';
  if (s.phase === 'ended') {
    fail(s, call, 'UNDERSTUDY_UNREACHABLE', 'the session has ended; nothing was sent', false);
    return;
  }
  const noRoom = whyNoRoom(s);
  if (noRoom !== undefined) {
    fail(s, call, 'UNDERSTUDY_OVERLOADED', `${noRoom}; nothing was sent`, false);
    return;
  }
  if (s.streams.size >= WAITING_MAX) {
    fail(s, call, 'UNDERSTUDY_OVERLOADED', `${WAITING_MAX} streams are open already; nothing was sent`, false);
    return;
  }
  if (s.passesOn(call, request)) return;
  const stream = new ClientStream(call, request, s.nowMs, nested);
  s.streams.set(call, stream);
  sendWaiting(s, stream);
  if (s.primary === undefined) s.lostSinceMs ??= s.nowMs;
}

/** The application sends a message on a stream. */
export function onStreamMessage(s: SessionState, call: CallId, message: Uint8Array): void {
  const stream = s.streams.get(call);
  if (stream === undefined) return;
  stream.unsent.push({ kind: 'message', position: ++stream.position, message });
  stream.invited = false;
  sendWaiting(s, stream);
}

/** The application half-closes a stream. */
export function onStreamEnd(s: SessionState, call: CallId): void {
  const stream = s.streams.get(call);
  if (stream === undefined) return;
  stream.unsent.push({ kind: 'end', position: ++stream.position });
  sendWaiting(s, stream);
}

/** The application gave up a call. @returns false if the call is not a stream */
export function onStreamCancel(s: SessionState, call: CallId): boolean {
  const stream = s.streams.get(call);
  if (stream === undefined) return false;
  giveUp(s, stream);
  return true;
}

/** The application leaves a stream to another process. */
export function onStreamLeft(s: SessionState, call: CallId): void {
  const stream = s.streams.get(call);
  if (stream !== undefined) forget(s, stream);
}

/** Forgets a stream and cancels it, whether or not the group knows it yet. */
function giveUp(s: SessionState, stream: ClientStream): void {
  forget(s, stream);
  if (stream.id !== undefined) sendPart(s, stream, { kind: 'cancel', of: stream.id }, NO_BYTES);
}

/** The application has taken items. The group is told once half a window of them is taken. */
export function onStreamTaken(s: SessionState, call: CallId, upTo: number): void {
  const stream = s.streams.get(call);
  if (stream === undefined || upTo <= stream.taken) return;
  take(stream, upTo);
  creditIfDue(s, stream);
}

export function creditIfDue(s: SessionState, stream: ClientStream): void {
  if (stream.taken - stream.credited >= STREAM_CREDIT_AT || stream.takenBytes >= STREAM_CREDIT_AT_BYTES) {
    credit(s, stream);
  }
}

export function take(stream: ClientStream, upTo: number): void {
  stream.taken = upTo;
  for (let first = stream.given[0]; first !== undefined; first = stream.given[0]) {
    // An item that the application never sees counts as taken with the one before it.
    if (first.index > upTo && !(first.isHidden && first.index === stream.taken + 1)) return;
    stream.given.shift();
    stream.takenBytes += first.bytes;
    if (first.isHidden && first.index > stream.taken) stream.taken = first.index;
  }
}

function credit(s: SessionState, stream: ClientStream): void {
  if (stream.id === undefined) return;
  stream.credited = stream.taken;
  stream.takenBytes = 0;
  s.credits.set(stream.id, stream.taken);
  s.creditsAtOnce = true;
  s.wantFlush();
}

/**
 * Sends credits as a message of their own. It is ordered, so the handlers of all replicas find room at the same place.
 */
export function sendCredits(s: SessionState): void {
  if (s.credits.size === 0 || s.primary === undefined || s.sent.size >= RETAINED_MAX) return;
  const taken = [...s.credits].slice(0, STREAM_CREDITS_MAX).map(([of, upTo]) => ({ of, upTo }));
  for (const { of } of taken) s.credits.delete(of);
  s.creditsAtOnce &&= s.credits.size > 0;
  number(s, { method: '', message: NO_BYTES, stream: { kind: 'credit', taken } }, undefined);
}

/** Gives seqNums to the parts of a stream that may be sent now. */
export function sendWaiting(s: SessionState, stream: ClientStream): void {
  if (s.primary === undefined) return;
  if (stream.id === undefined) {
    // A heartbeat asks the primary, as for calls.
    if (s.inDoubt) {
      s.wantFlush();
      return;
    }
    if (s.sent.size >= RETAINED_MAX) return;
    stream.id = number(s, { ...stream.opening, stream: { kind: 'open' } }, stream);
    s.streamsById.set(stream.id, stream);
  }
  if (/* rule parts-behind-opening */ stream.waitsForOpening && !stream.opened) return;
  while (stream.unsent.length > 0 && s.sent.size < RETAINED_MAX) {
    const [unsent] = stream.unsent;
    if (unsent === undefined || /* rule send-within-window */ (unsent.kind === 'message' && !stream.hasRoom)) break;
    stream.unsent.shift();
    const { kind, position } = unsent;
    const message = unsent.kind === 'message' ? unsent.message : NO_BYTES;
    if (unsent.kind === 'message') {
      stream.sizes.push(message.length);
      stream.unhandledBytes += message.length;
    }
    sendPart(s, stream, { kind, of: stream.id, position }, message);
  }
  invite(s, stream);
}

function invite(s: SessionState, stream: ClientStream): void {
  if (
    stream.invited ||
    /* rule invite-when-sent */ stream.unsent.length > 0 ||
    /* rule invite-within-window */ !stream.hasRoom
  )
    return;
  stream.invited = true;
  s.effects.push({ kind: 'writable', call: stream.call });
}

/** There is a primary, or room again: parts that waited are sent. */
export function sendAllWaiting(s: SessionState): void {
  if (s.streams.size === 0) return;
  for (const stream of s.streams.values()) {
    if (stream.id === undefined || stream.unsent.length > 0) sendWaiting(s, stream);
  }
}

function sendPart(s: SessionState, stream: ClientStream, part: StreamPart, message: Uint8Array): void {
  number(s, { method: '', message, stream: part }, stream);
}

/** A part of a stream has its reply, and the delivery rule allows it: the part was processed, or never will be. */
export function onPartReply(s: SessionState, sent: Sent, outcome: Outcome): void {
  settle(s, sent);
  const { stream } = sent;
  const part = sent.request.stream;
  if (outcome.kind === 'streamed') {
    if (part?.kind === 'open' && stream !== undefined) onOpened(s, stream);
    if (stream?.isNested && (part?.kind === 'message' || part?.kind === 'end'))
      s.effects.push({ kind: 'partTaken', call: stream.call, position: part.position });
    return;
  }
  if (outcome.kind === 'abandoned' || part === undefined) return;
  if (outcome.kind === 'unknownStream') {
    s.sent.delete(sent.seqNum);
    if (stream !== undefined && s.streams.get(stream.call) === stream) onUnknownStream(s, stream, sent, part);
    return;
  }
  const voided = outcome.kind === 'voided';
  if (voided) s.sent.delete(sent.seqNum);
  if (stream === undefined) {
    if (voided && part.kind === 'credit') for (const { of, upTo } of part.taken) creditAgain(s, of, upTo);
    if (voided && part.kind === 'cancel') number(s, sent.request, undefined);
    return;
  }
  if (s.streams.get(stream.call) !== stream) {
    if (voided) cancelAgain(s, stream, sent, part);
    return;
  }
  if (voided) /* rule send-voided-again */ sendPartAgain(s, stream, sent, part);
  // The user's interceptors refused the opening.
  else if (part.kind === 'open') finish(s, stream, replyOf(outcome));
}

function onOpened(s: SessionState, stream: ClientStream): void {
  stream.opened = true;
  if (s.streams.get(stream.call) !== stream) return;
  if (stream.early.length > 0) failUnknown(s, stream);
  else if (stream.waitsForOpening) sendWaiting(s, stream);
}

/**
 * The group does not know the stream of this part. If the opening was voided, the session will hear so, or has already
 * sent the opening again. If the opening was processed, its order was cut when a promotion gave this session up.
 */
function onUnknownStream(s: SessionState, stream: ClientStream, sent: Sent, part: StreamPart): void {
  if (!('of' in part) || stream.id === undefined) return;
  if (part.of !== stream.id) sendPart(s, stream, { ...part, of: stream.id }, sent.request.message);
  else if (stream.opened) failUnknown(s, stream);
  else stream.early.push(sent);
}

function failUnknown(s: SessionState, stream: ClientStream): void {
  giveUp(s, stream);
  fail(s, stream.call, 'UNDERSTUDY_INDETERMINATE', 'the group does not know this stream any more', true);
}

function creditAgain(s: SessionState, of: SeqNum, upTo: number): void {
  s.credits.set(of, Math.max(upTo, s.credits.get(of) ?? 0));
}

/**
 * Sends a voided part as a new message: it had no order when the primary changed. Its position keeps its place in the
 * stream.
 */
function sendPartAgain(s: SessionState, stream: ClientStream, sent: Sent, part: StreamPart): void {
  if (part.kind === 'open') {
    if (stream.id !== sent.seqNum) return;
    s.streamsById.delete(sent.seqNum);
    stream.id = number(s, { ...stream.opening, stream: part }, stream);
    s.streamsById.set(stream.id, stream);
    for (const { request } of stream.early.splice(0)) {
      if (request.stream !== undefined && 'of' in request.stream)
        sendPart(s, stream, { ...request.stream, of: stream.id }, request.message);
    }
  } else if (part.kind !== 'credit' && stream.id !== undefined) {
    sendPart(s, stream, { ...part, of: stream.id }, sent.request.message);
  }
}

/** Makes sure that a stream that was given up is cancelled, unless it was never opened. */
function cancelAgain(s: SessionState, stream: ClientStream, sent: Sent, part: StreamPart): void {
  if (part.kind === 'open' && stream.id === sent.seqNum) stream.id = undefined;
  else if (part.kind === 'cancel' && stream.id === part.of) sendPart(s, stream, part, NO_BYTES);
}

export function finish(s: SessionState, stream: ClientStream, end: StreamEnd): void {
  if (end.kind === 'unknownStream') {
    failUnknown(s, stream);
    return;
  }
  forget(s, stream);
  // The last items of a nested stream are kept for a successor, until the calling group has settled the call.
  if (/* rule nested-end-uncredited */ stream.isNested) s.credits.delete(stream.id ?? NO_SEQ);
  else if (stream.id !== undefined && stream.received > 0) creditAgain(s, stream.id, stream.received);
  s.effects.push({ kind: 'deliver', call: stream.call, reply: end });
}

function forget(s: SessionState, stream: ClientStream): void {
  s.streams.delete(stream.call);
  s.heldStreams.delete(stream);
  if (stream.id !== undefined) {
    s.streamsById.delete(stream.id);
    s.credits.delete(stream.id);
  }
  stream.unsent = [];
}

/** Ends all streams together with the session. */
export function failStreams(
  s: SessionState,
  code: 'UNDERSTUDY_SESSION_EXPIRED' | 'UNDERSTUDY_SETUP' | 'UNDERSTUDY_NOT_OWNER',
  reason: string,
): void {
  for (const stream of [...s.streams.values()]) {
    forget(s, stream);
    fail(s, stream.call, code, reason, stream.id !== undefined);
  }
}

/** Fails the calls and streams that wait to be sent, if no replica has room for this session. */
export function failWithoutRoom(s: SessionState): void {
  const reason = whyNoRoom(s);
  if (reason === undefined) return;
  failWaiting(s, reason);
  for (const stream of [...s.streams.values()]) {
    if (stream.id !== undefined) continue;
    forget(s, stream);
    fail(s, stream.call, 'UNDERSTUDY_OVERLOADED', `${reason}; nothing was sent`, false);
  }
}

/** Ends streams whose history was cut. Later items would not fit the items that the application was given. */
export function failTornStreams(s: SessionState): void {
  const reason = 'the group lost orders that this client had seen; the stream cannot go on';
  for (const stream of [...s.streams.values()]) {
    if (!stream.opened && stream.received === 0) continue;
    giveUp(s, stream);
    fail(s, stream.call, 'UNDERSTUDY_INDETERMINATE', reason, true);
  }
}

/**
 * Ends streams after too long without a primary. A stream that was not opened had no effect; the outcome of the others
 * is unknown.
 */
export function failUnreachableStreams(s: SessionState): void {
  if (!isUnreachable(s)) return;
  for (const stream of [...s.streams.values()]) {
    if (stream.id !== undefined) {
      giveUp(s, stream);
      fail(s, stream.call, 'UNDERSTUDY_INDETERMINATE', 'the primary was lost and no other took over in time', true);
    } else if (s.nowMs - stream.sinceMs >= UNREACHABLE_AFTER_MS) {
      forget(s, stream);
      fail(s, stream.call, 'UNDERSTUDY_UNREACHABLE', 'no primary was reached; nothing was sent', false);
    }
  }
}
