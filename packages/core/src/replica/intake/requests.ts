import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { assert } from '../../model/assert.js';
import { requestDigest } from '../../model/digest.js';
import type { ErrorCode } from '../../model/error.js';
import type { CallId, SeqNum } from '../../model/ids.js';
import { NO_ORDER, next } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { ACCEPTED, type Outcome } from '../../model/outcome.js';
import type { Work } from '../../scheduling/scheduler.js';
import type { ReplicaEvent } from '../events.js';
import type { Entry } from '../order/message-order.js';
import { giveCached, giveKeyed, isOneWay } from '../order/ordering.js';
import type { ReplicaState } from '../state.js';
import { dropStream, mayOrderPart, openPlainStream, plainStreamGone } from '../streams/streams.js';

type EventOf<K extends ReplicaEvent['kind']> = Extract<ReplicaEvent, { kind: K }>;

export function failCall(r: ReplicaState, call: CallId, code: ErrorCode, reason: string): void {
  // Whoever steps down knows of no better one yet.
  const primary = code === 'UNDERSTUDY_NOT_PRIMARY' && !r.isPrimary ? r.primaryAddress : undefined;
  r.effects.push({ kind: 'failCall', call, code, reason, ...(primary !== undefined && { primary }) });
}

/**
 * A body arrived, from its session or from a peer. A backup keeps it until its order comes; the primary lets it be
 * processed unless it knows it already.
 *
 * @returns the message, if it is new here
 */
export function receiveBody(
  r: ReplicaState,
  connection: Connection,
  seqNum: SeqNum,
  request: Request,
): Message | undefined {
  const known = connection.messages.get(seqNum);
  if (known?.order !== undefined) {
    if (known.lacksBody) {
      known.request = request;
      connection.markReceived(seqNum);
      r.order.advanceHeld();
      // Somebody may wait for the order to become stable, and this body was all that it lacked.
      r.ackDue = true;
      r.wantsFlush = true;
    }
    return undefined;
  }
  if (/* rule no-duplicates */ connection.knows(seqNum) || !connection.withinWindow(seqNum)) return undefined;
  connection.markReceived(seqNum);
  // The message was answered before, so its order is known here; if it is not, it was cut, and gets no other.
  /* rule answered-once */ if (r.isPrimary && seqNum <= connection.repliesSeenUpTo) return undefined;
  const message = connection.message(seqNum);
  message.request = request;
  message.become('received');
  return message;
}

/** Replies up to there will not be asked for again. At the primary, what they answered cannot be missing. */
export function seeReplies(r: ReplicaState, connection: Connection, upTo: SeqNum): void {
  connection.see(upTo);
  if (r.isPrimary) connection.coverUpTo(upTo);
}

/** What a client asks of the reply to a request. */
export interface Demands {
  /** The reply may leave only when its order is stable. */
  readonly awaitStable: boolean;
  /** The reply goes to the session's link. */
  readonly byFrame?: boolean;
  /** The RPC that brought the request waits for the reply. */
  readonly call?: CallId;
}

/** A request of a session reached this replica, as a frame or forwarded: FIG. 9 where this is the primary. */
export function onRequest(
  r: ReplicaState,
  connection: Connection,
  seqNum: SeqNum,
  request: Request,
  peer: string,
  demands: Demands,
): void {
  const received = receiveBody(r, connection, seqNum, request);
  const message =
    received ?? (demands.call === undefined ? connection.messages.get(seqNum) : connection.message(seqNum));
  if (message === undefined) return;
  if (demands.byFrame && message.stage !== 'settled') message.byFrame = true;
  if (demands.call !== undefined) message.addWaiter(demands.call);
  if (!r.isPrimary) return;
  /* rule asked-again-when-stable */ if (demands.awaitStable && message.stage !== 'settled') message.awaitStable = true;
  if (message.isUnordered) schedule(r, connection, message, peer);
  if (received !== undefined) return;
  const ordered = message.order !== undefined && isOneWay(r, request) ? ACCEPTED : undefined;
  const outcome = message.outcome ?? ordered;
  if (outcome !== undefined) giveCached(r, connection, message, outcome);
}

/** Puts a message whose body is here into the queue of messages to be ordered. */
export function schedule(r: ReplicaState, connection: Connection, message: Message, peer: string): void {
  const { request, seqNum } = message;
  if (request === undefined || !message.isUnordered || message.isQueued) return;
  if (!mayOrderPart(r, connection, message, request, peer)) return;
  const { key, stream } = request;
  if (key !== undefined) r.keyedRunning.set(key, message);
  const work = {
    kind: 'call',
    connection,
    message,
    request,
    peer,
    admission: undefined,
    determinants: undefined,
  } as const;
  if (stream === undefined || stream.kind === 'open') admit(r, work);
  else if (r.admits && (stream.kind === 'message' || stream.kind === 'end')) admitPart(r, work, stream.of);
  // Interceptors do not see credits, and hear of a cancellation once it is ordered.
  else addWork(r, work);
  if (stream?.kind === 'open') scheduleHeld(r, connection, seqNum, peer);
  else if (stream?.kind === 'message') scheduleHeld(r, connection, stream.of, peer);
}

/** The message waits for its turn. */
function addWork(r: ReplicaState, work: Extract<Work, { kind: 'call' | 'read' }>): void {
  if (work.kind === 'call') work.message.become('admitted');
  r.scheduler.add(work);
}

/** Messages that came too early go on, as far as there is no gap. */
function scheduleHeld(r: ReplicaState, connection: Connection, of: SeqNum, peer: string): void {
  for (;;) {
    const stream = connection.streams.get(of);
    const held = connection.held.get(of);
    // Else what goes on would only come back here.
    if (held === undefined || stream === undefined || !stream.admitted) return;
    const position = held.has(0) ? 0 : stream.nextPosition;
    const message = held.get(position);
    if (message === undefined || (position > 0 && stream.entering !== undefined)) return;
    held.delete(position);
    if (held.size === 0) connection.held.delete(of);
    schedule(r, connection, message, peer);
  }
}

/** The user's interceptors see a call before it is ordered; without any it goes to the scheduler at once. */
function admit(r: ReplicaState, work: Extract<Work, { kind: 'call' | 'read' }>): void {
  if (!r.admits) {
    addWork(r, work);
    return;
  }
  if (work.kind === 'call') work.message.become('queued');
  const admission = r.nextAdmission++;
  r.admissions.set(admission, { ...work, admission });
  const { connection, peer, request } = work;
  const stream = work.kind === 'call' && request.stream !== undefined ? work.message.seqNum : undefined;
  r.effects.push({ kind: 'admit', admission, connection: connection?.id, peer, request, stream });
}

/**
 * A stream's messages pass the interceptors one at a time, each when the one before was processed: so what interceptors
 * see of requests and replies comes as it would where the handler reads from its call.
 */
function admitPart(r: ReplicaState, work: Extract<Work, { kind: 'call' }>, of: SeqNum): void {
  const { connection, message, peer, request } = work;
  const stream = connection.streams.get(of);
  assert(stream !== undefined, () => `message ${message.seqNum} of stream ${of}, which is not open`);
  message.become('queued');
  stream.entering = message;
  const admission = r.nextAdmission++;
  r.admissions.set(admission, { ...work, admission });
  const { opening } = stream;
  r.effects.push({ kind: 'admit', admission, connection: connection.id, peer, request, stream: of, opening });
}

/** A message of a stream was processed, or refused: the next one may pass the interceptors. */
export function admitNextPart(r: ReplicaState, connection: Connection, { message }: Entry): void {
  const part = message?.request?.stream;
  if (message === undefined) return;
  if (part?.kind === 'message' || part?.kind === 'end') partEntered(r, connection, message, part.of);
}

function partEntered(r: ReplicaState, connection: Connection, message: Message, of: SeqNum): void {
  const stream = connection.streams.get(of);
  if (stream?.entering !== message) return;
  stream.entering = undefined;
  scheduleHeld(r, connection, of, connection.session?.peer ?? connection.peer ?? '');
}

export function onAdmitted(r: ReplicaState, event: EventOf<'admitted'>): void {
  const work = r.admissions.get(event.admission);
  r.admissions.delete(event.admission);
  if (work === undefined) return;
  if (work.kind === 'read') {
    addWork(r, work);
    return;
  }
  addWork(r, { ...work, determinants: event.change && { kind: 'change', change: event.change } });
  if (work.request.stream?.kind !== 'open') return;
  const { connection, message, peer } = work;
  const stream = connection.streams.get(message.seqNum);
  if (stream === undefined) return;
  stream.admitted = true;
  scheduleHeld(r, connection, message.seqNum, peer);
  if (stream.gone) r.scheduler.add({ kind: 'cancel', connection, stream: stream.id });
}

/** The user's interceptors ended the call: its seqNum is voided, so that no backup ever executes it. */
export function onRefused(r: ReplicaState, event: EventOf<'refused'>): void {
  const work = r.admissions.get(event.admission);
  r.admissions.delete(event.admission);
  if (work === undefined) return;
  const { outcome } = event;
  if (work.kind === 'call') {
    if (work.request.key !== undefined) r.keyedRunning.delete(work.request.key);
    const { connection, message, request } = work;
    const part = request.stream;
    // Nothing of its stream may wait for it any more.
    /* rule forget-refused */ message.become('voiding');
    message.request = undefined;
    /* rule void-refused */ r.scheduler.add({ kind: 'void', connection, message, outcome });
    if (part?.kind === 'open') dropStream(r, connection, message.seqNum);
    if (part?.kind === 'message' || part?.kind === 'end') partEntered(r, connection, message, part.of);
  } else answerUnordered(r, work, outcome);
}

/** The outcome reflects nothing of the service's state, so it needs no release. */
function answerUnordered(r: ReplicaState, work: Extract<Work, { kind: 'read' }>, outcome: Outcome): void {
  if (work.call !== undefined) {
    const header = { term: r.term, sourceOrderInfo: [], stableUpTo: r.stableUpTo, heartbeatMs: 0 };
    const carried = work.connection === undefined ? {} : { header: { outcome: outcome.kind, stable: true, header } };
    r.effects.push({ kind: 'answerCall', call: work.call, outcome, ...carried });
    return;
  }
  work.connection?.session?.reads.push({ readId: work.readId, orderNum: NO_ORDER, outcome, stable: true });
  r.wantsFlush = true;
}

/** Reads that come while this replica takes over wait until it serves. */
export const acceptsReads = (r: ReplicaState): boolean => r.role === 'primary' || r.role === 'promoting';

export function onRead(
  r: ReplicaState,
  connection: Connection | undefined,
  readId: number,
  call: CallId | undefined,
  request: Request,
  peer: string,
): void {
  const mustBeStable =
    connection === undefined || request.nested !== undefined || r.settings(request.method).release === 'acknowledged';
  admit(r, { kind: 'read', connection, readId, call, request, peer, admission: undefined, mustBeStable });
}

/** A call without our interceptor (DESIGN 5.13). */
export function onPlainCall(r: ReplicaState, { call, peer, readOnly, request }: EventOf<'plainCall'>): void {
  if (!r.isPrimary || r.steppingDown !== undefined) {
    failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'this replica is not the primary; nothing was done');
    return;
  }
  if (r.scheduler.size >= r.config.queueMax) {
    failCall(r, call, 'UNDERSTUDY_OVERLOADED', 'too many requests wait to be ordered; nothing was done');
    return;
  }
  if (readOnly) {
    onRead(r, undefined, 0, call, request, peer);
    return;
  }
  if (request.nested === undefined && request.key !== undefined && joinKeyed(r, call, request.key, request)) return;
  const connection = r.connections.open(r.plain);
  const message = takeNumber(connection, request);
  message.addWaiter(call);
  if (request.stream !== undefined) openPlainStream(r, connection, message.seqNum, call, request.method);
  schedule(r, connection, message, peer);
}

/** The primary itself numbers what comes without a session. */
export function takeNumber(connection: Connection, request: Request): Message {
  const seqNum = next(connection.numberedUpTo);
  connection.numberedUpTo = seqNum;
  connection.markReceived(seqNum);
  const message = connection.message(seqNum);
  message.request = request;
  message.become('received');
  return message;
}

/** A call whose key was seen before gets the first one's reply, or is refused if it asks for something else. */
function joinKeyed(r: ReplicaState, call: CallId, key: string, request: Request): boolean {
  const done = /* rule keyed-reply */ r.connections.keyed(key);
  const running = r.keyedRunning.get(key);
  const asked = running?.request;
  const first = done?.requestDigest ?? (asked && requestDigest(asked.method, asked.message));
  if (first !== undefined && /* rule key-names-request */ first !== requestDigest(request.method, request.message)) {
    failCall(r, call, 'UNDERSTUDY_KEY_REUSED', 'this idempotency-key was used for another request; choose a new one');
    return true;
  }
  if (done !== undefined) {
    giveKeyed(r, call, done.outcome);
    return true;
  }
  if (running === undefined) return false;
  running.addWaiter(call);
  return true;
}

/** A call of a session that travels as an RPC of its own. */
export function onRpcCall(r: ReplicaState, event: EventOf<'rpcCall'>): void {
  const { call, peer, request, header } = event;
  if (r.role !== 'primary' && r.role !== 'promoting') {
    failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'this replica is not the primary');
    return;
  }
  if (r.connections.hasExpired(header.connection)) {
    failCall(r, call, 'UNDERSTUDY_SESSION_EXPIRED', 'the records of this connection were freed');
    return;
  }
  const connection = r.connections.get(header.connection);
  if (connection?.session === undefined) {
    failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'this session has no stream to this replica yet');
    return;
  }
  seeReplies(r, connection, header.header.repliesSeenUpTo);
  if (header.seqNum === 0) {
    onRead(r, connection, 0, call, request, peer);
    return;
  }
  if (header.seqNum <= connection.repliesSeenUpTo || !connection.withinWindow(header.seqNum)) {
    failCall(r, call, 'UNDERSTUDY_MALFORMED', `seqNum ${header.seqNum} is outside the window of its connection`);
    return;
  }
  onRequest(r, connection, header.seqNum, request, peer, { awaitStable: header.awaitStable, call });
}

/** The caller is gone: nobody waits any more, but what is ordered runs to its end. */
export function onCallGone(r: ReplicaState, call: CallId): void {
  plainStreamGone(r, call);
  r.waiting = r.waiting.filter((reply) => reply.to.kind !== 'call' || reply.to.call !== call);
  for (const connection of r.connections.values()) {
    for (const message of connection.messages.values()) {
      const { waiters } = message;
      const index = waiters?.indexOf(call) ?? -1;
      if (waiters === undefined || index < 0) continue;
      waiters.splice(index, 1);
      connection.forgetIfUnwanted(message);
      return;
    }
  }
}
