/** The way of a message from its arrival at the primary into the queue of messages to be ordered. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { assert } from '../../model/assert.js';
import { next, type SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { ACCEPTED } from '../../model/outcome.js';
import type { Work } from '../../scheduling/scheduler.js';
import { isOneWay } from '../release/demands.js';
import { giveCached } from '../release/replies.js';
import type { Entry } from '../state/message-order.js';
import type { PrimaryState } from '../state/primary-state.js';
import { mayOrderPart } from '../streams/parts.js';
import { voidMessage } from '../streams/voids.js';
import { refusedOverBudget } from './budgets.js';
import { patienceOf, TOO_LATE, wouldBeLate } from './late.js';
import { shedBeyond } from './shedding.js';

/** A session's request arrived. A new one is scheduled; a known one is answered if its outcome is known. */
export function onRequested(
  p: PrimaryState,
  connection: Connection,
  message: Message,
  request: Request,
  isNew: boolean,
  peer: string,
  awaitStable: boolean,
): void {
  /* rule asked-again-when-stable */ if (awaitStable && message.stage !== 'settled') message.awaitStable = true;
  if (isNew && refusedOverBudget(p, connection, message, request)) return;
  if (isNew && refusedInTime(p, connection, message, request)) return;
  if (message.isUnordered) schedule(p, connection, message, peer);
  if (isNew) return;
  const ordered = message.order !== undefined && isOneWay(p.r, request) ? ACCEPTED : undefined;
  const outcome = message.outcome ?? ordered;
  if (outcome !== undefined) giveCached(p, connection, message, outcome);
}

/**
 * Refuses a call whose turn would come too late for its caller. Its void goes before the calls that wait, so that the
 * caller hears at once.
 */
function refusedInTime(p: PrimaryState, connection: Connection, message: Message, request: Request): boolean {
  if (!wouldBeLate(p, connection, request)) return false;
  message.become('voiding');
  message.request = undefined;
  p.replies.add({ kind: 'void', connection, message, outcome: TOO_LATE });
  return true;
}

/**
 * The primary itself numbers a message that comes without a session.
 *
 * @param usage what the message counts in
 */
export function takeNumber(connection: Connection, request: Request, usage = connection.usage): Message {
  const seqNum = next(connection.numberedUpTo);
  connection.numberedUpTo = seqNum;
  connection.markReceived(seqNum);
  const message = connection.message(seqNum, usage);
  message.request = request;
  message.become('received');
  return message;
}

/**
 * A method that this primary does not have, as while a group is upgraded to a version that has more. No replica runs
 * anything for it: the message becomes a void with the status.
 */
function refusedUnknown(p: PrimaryState, connection: Connection, message: Message, request: Request): boolean {
  const { method, stream, reply } = request;
  if (reply !== undefined || (stream !== undefined && stream.kind !== 'open')) return false;
  const outcome = p.r.refusesMethod(method);
  if (/* rule unknown-unordered */ outcome === undefined) return false;
  voidMessage(p, connection, message, outcome);
  return true;
}

/** Puts a message whose body is here into the queue of messages to be ordered, by way of the user's interceptors. */
export function schedule(p: PrimaryState, connection: Connection, message: Message, peer: string): void {
  const { r } = p;
  const { request, seqNum } = message;
  if (request === undefined || !message.isUnordered || message.isQueued) return;
  if (refusedUnknown(p, connection, message, request)) return;
  if (!mayOrderPart(p, connection, message, request, peer)) return;
  const { key, stream } = request;
  if (key !== undefined) p.keyedRunning.set(key, message);
  const work = {
    kind: 'call',
    connection,
    message,
    request,
    peer,
    admission: undefined,
    determinants: undefined,
    ...patienceOf(p, connection, request),
  } as const;
  if (stream === undefined || stream.kind === 'open') admit(p, work);
  else if (r.admits && (stream.kind === 'message' || stream.kind === 'end')) admitPart(p, work, stream.of);
  // Interceptors never see credits. They hear of a cancellation once it is ordered.
  else addWork(p, work);
  if (stream?.kind === 'open') scheduleHeld(p, connection, seqNum, peer);
  else if (stream?.kind === 'message') scheduleHeld(p, connection, stream.of, peer);
}

/** Puts work into the queue: it may be ordered when its turn comes. */
export function addWork(p: PrimaryState, work: Extract<Work, { kind: 'call' | 'read' }>): void {
  if (work.kind === 'call') work.message.become('admitted');
  p.scheduler.add(work);
  /* rule last-makes-room */ shedBeyond(p, work);
}

/** Schedules messages of a stream that arrived too early, as far as no earlier one is missing. */
export function scheduleHeld(p: PrimaryState, connection: Connection, of: SeqNum, peer: string): void {
  for (;;) {
    const stream = connection.streams.get(of);
    const held = connection.held.get(of);
    // Until the stream is admitted, a message that goes on would only be held again.
    if (held === undefined || stream === undefined || !stream.passage.admitted) return;
    const position = held.has(0) ? 0 : stream.history.nextPosition;
    const message = held.get(position);
    if (message === undefined || (position > 0 && stream.passage.entering !== undefined)) return;
    held.delete(position);
    if (held.size === 0) connection.held.delete(of);
    schedule(p, connection, message, peer);
  }
}

/**
 * Shows a call to the user's interceptors before it is ordered. Without any, the call goes to the scheduler at once.
 */
export function admit(p: PrimaryState, work: Extract<Work, { kind: 'call' | 'read' }>): void {
  const { r } = p;
  if (!r.admits) {
    addWork(p, work);
    return;
  }
  if (work.kind === 'call') work.message.become('queued');
  const admission = r.nextNumbers.admission++;
  p.admissions.set(admission, { ...work, admission });
  const { connection, peer, request } = work;
  const stream = work.kind === 'call' && request.stream !== undefined ? work.message.seqNum : undefined;
  r.effects.push({ kind: 'admit', admission, connection: connection?.id, peer, request, stream });
}

/**
 * Shows a stream's messages to the interceptors one at a time, each after the one before was processed. So interceptors
 * see requests and replies in the same sequence as on a server whose handler reads from its call.
 */
function admitPart(p: PrimaryState, work: Extract<Work, { kind: 'call' }>, of: SeqNum): void {
  const { r } = p;
  const { connection, message, peer, request } = work;
  const stream = connection.streams.get(of);
  assert(stream !== undefined, () => `message ${message.seqNum} of stream ${of}, which is not open`);
  message.become('queued');
  stream.passage.entering = message;
  const admission = r.nextNumbers.admission++;
  p.admissions.set(admission, { ...work, admission });
  const { opening } = stream.history;
  r.effects.push({ kind: 'admit', admission, connection: connection.id, peer, request, stream: of, opening });
}

/** A message of a stream was processed: the next one may go to the interceptors. */
export function admitNextPart(p: PrimaryState, connection: Connection, { message }: Entry): void {
  const part = message?.request?.stream;
  if (message === undefined) return;
  if (part?.kind === 'message' || part?.kind === 'end') partEntered(p, connection, message, part.of);
}

/** The interceptors and the handler are done with a message of a stream: messages that were held behind it go on. */
export function partEntered(p: PrimaryState, connection: Connection, message: Message, of: SeqNum): void {
  const stream = connection.streams.get(of);
  if (stream?.passage.entering !== message) return;
  stream.passage.entering = undefined;
  scheduleHeld(p, connection, of, connection.session?.peer ?? connection.peer ?? '');
}
