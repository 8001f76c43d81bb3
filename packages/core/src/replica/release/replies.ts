/**
 * Brings replies to the callers that wait for them. A reply is offered once it is known and leaves when the release
 * rule allows it: at the end of this turn, or once its order is stable and the primary holds the lease.
 */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { type CallId, maxOf, NO_ORDER, type OrderNum } from '../../model/ids.js';
import { LARGE_BYTES } from '../../model/message.js';
import { type Outcome, replyBytes } from '../../model/outcome.js';
import type { Work } from '../../scheduling/scheduler.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplyToRelease } from '../state/release-rule.js';
import { sealOrders } from '../state/sealing.js';
import { noteSize } from './bulk.js';
import { waitsForStability } from './demands.js';

/** An ordered message has its outcome: every caller that waits for it gets it as soon as it may leave. */
export function giveReplies(
  p: PrimaryState,
  connection: Connection,
  message: Message,
  orderNum: OrderNum,
  outcome: Outcome,
): void {
  const { r } = p;
  const { seqNum, awaitStable, request } = message;
  noteSize(p, request?.method, outcome);
  let waiters = message.takeWaiters();
  // A session must learn that no reply will come. A caller on an RPC goes on waiting, as with any server that never
  // answers.
  if (outcome.kind === 'abandoned') waiters = undefined;
  message.awaitStable = false;
  // If the handler waited, its order became stable long ago; the client learns that together with the reply.
  const waited = message.endedAt !== undefined;
  const mustBeStable =
    connection.kind !== 'session' ||
    awaitStable ||
    /* rule waited-when-stable */ waited ||
    /* rule acknowledged-when-stable */ waitsForStability(r, connection, request);
  for (const call of waiters ?? []) {
    const to = { kind: 'call', call, withHeader: connection.kind === 'session' } as const;
    offer(p, { connection, to, orderNum, outcome, mustBeStable });
  }
  const byFrame = message.byFrame || waiters === undefined;
  message.byFrame = false;
  if (byFrame && connection.session?.link !== undefined) {
    offer(p, { connection, to: { kind: 'seq', seqNum }, orderNum, outcome, mustBeStable });
  }
}

/** A read has its outcome, which reflects all orders up to `orderNum`: its caller gets it as soon as it may leave. */
export function giveRead(
  p: PrimaryState,
  work: Extract<Work, { kind: 'read' }>,
  outcome: Outcome,
  orderNum: OrderNum,
): void {
  const { connection, call, readId, mustBeStable } = work;
  noteSize(p, work.request.method, outcome);
  const to =
    call === undefined
      ? ({ kind: 'read', readId } as const)
      : ({ kind: 'call', call, withHeader: connection !== undefined } as const);
  const { carefulAt } = p.r.deaths;
  const shows = carefulAt !== NO_ORDER && carefulAt <= orderNum ? { shows: carefulAt } : {};
  offer(p, { connection, to, orderNum, outcome, mustBeStable, ...shows });
}

/** Gives the reply of a message that was processed earlier, under the same rule as the first time. */
export function giveCached(p: PrimaryState, connection: Connection, message: Message, outcome: Outcome): void {
  const { r } = p;
  const orderNum = message.endedAt ?? message.order?.orderNum ?? r.stableUpTo;
  // An abandoned call's outcome tells a session that no reply will come. Callers on an RPC get nothing.
  /* rule abandon-told-once */ if (outcome.kind === 'abandoned') message.takeWaiters();
  // A caller that asks again while the reply waits gets that same reply, so that waiting replies stay bounded.
  const waiting = findWaiting(p, connection, message);
  /* rule wait-once */ if (waiting !== undefined) {
    // If the client asked for a stable reply, it may leave only when stable; otherwise the client would drop it and ask
    // again.
    /* rule asked-as-stable */ waiting.mustBeStable ||= message.awaitStable;
    if (message.waiters === undefined) {
      message.awaitStable = false;
      return;
    }
    // The session will get the reply that waits; only the RPC needs another one.
    message.byFrame = false;
  }
  /* rule leave-once */ takeBack(connection, message);
  giveReplies(p, connection, message, orderNum, outcome);
}

/**
 * Takes back a reply that was to leave at the end of this turn, so that the message is answered once, by the present
 * decision.
 */
function takeBack({ session }: Connection, { seqNum, waiters, byFrame }: Message): void {
  if (session === undefined || (waiters !== undefined && !byFrame)) return;
  session.replies = session.replies.filter((reply) => reply.seqNum !== seqNum);
  session.bulk = session.bulk.filter(({ to }) => to.kind !== 'seq' || to.seqNum !== seqNum);
}

const findWaiting = (p: PrimaryState, connection: Connection, { seqNum }: Message): ReplyToRelease | undefined =>
  p.waiting.find((reply) => reply.connection === connection && reply.to.kind === 'seq' && reply.to.seqNum === seqNum);

/**
 * Gives the kept reply to a repeated idempotency key. The order of that reply is no longer known, so it leaves once all
 * orders processed so far are stable.
 */
export function giveKeyed(p: PrimaryState, call: CallId, outcome: Outcome): void {
  const { r } = p;
  const to = { kind: 'call', call, withHeader: false } as const;
  offer(p, { connection: undefined, to, orderNum: r.order.processedUpTo, outcome, mustBeStable: true });
}

function offer(p: PrimaryState, reply: ReplyToRelease): void {
  if (letGo(p, reply, p.holdsLease())) return;
  p.waiting.push(reply);
  // The reply may wait for the backups to learn what was processed, which the next frame tells them.
  p.r.wantFlush();
}

/** Sends the waiting replies that the release rule allows by now. */
export function releaseWaiting(p: PrimaryState): void {
  const { r } = p;
  if (p.itemsWait) r.wantFlush();
  if (p.waiting.length === 0) return;
  const holdsLease = p.holdsLease();
  if (!holdsLease) return;
  p.waiting = p.waiting.filter((reply) => !letGo(p, reply, holdsLease));
}

function letGo(p: PrimaryState, reply: ReplyToRelease, holdsLease: boolean): boolean {
  const { r } = p;
  const verdict = p.release.decide(reply, p.order, r.stableUpTo, holdsLease);
  if (verdict === 'wait') return false;
  send(p, reply, verdict === 'stable');
  return true;
}

function send(p: PrimaryState, reply: ReplyToRelease, stable: boolean): void {
  const { connection, to, orderNum, outcome, mustBeStable } = reply;
  const { r } = p;
  if (to.kind === 'call') {
    const { call, withHeader } = to;
    if (connection?.session !== undefined && replyBytes(outcome) > LARGE_BYTES) connection.session.passedOnMs = r.nowMs;
    if (!withHeader || connection === undefined) {
      r.effects.push({ kind: 'answerCall', call, outcome });
      return;
    }
    const sourceOrderInfo = sealOrders(r, connection, p.order.multicastMessage(r.stableUpTo, orderNum));
    const heartbeatMs = connection.session?.heartbeatMs ?? 0;
    const bare = { term: r.term, sourceOrderInfo, stableUpTo: r.stableUpTo, heartbeatMs };
    const header = connection.session?.viewSent === false ? { ...bare, view: r.view } : bare;
    r.effects.push({ kind: 'answerCall', call, outcome, header: { outcome: outcome.kind, stable, orderNum, header } });
    return;
  }
  const session = connection?.session;
  if (session?.link === undefined) return;
  if (replyBytes(outcome) > LARGE_BYTES) {
    session.bulk.push({ to, orderNum, outcome, mustBeStable });
    session.carryUpTo = maxOf(session.carryUpTo, orderNum);
  } else if (to.kind === 'seq') {
    session.replies.push({ seqNum: to.seqNum, orderNum, outcome, stable });
    if (orderNum > session.carryUpTo) session.carryUpTo = orderNum;
  } else {
    session.reads.push({ readId: to.readId, orderNum, outcome, stable });
    /* rule read-carries-orders */ if (orderNum > session.carryUpTo) session.carryUpTo = orderNum;
  }
  r.wantFlush();
}

/**
 * Answers a read that was never processed. The outcome reflects nothing of the service's state, so it needs no release.
 */
export function answerUnordered(
  { r }: PrimaryState,
  work: Pick<Extract<Work, { kind: 'read' }>, 'connection' | 'call' | 'readId'>,
  outcome: Outcome,
): void {
  if (work.call !== undefined) {
    const header = { term: r.term, sourceOrderInfo: [], stableUpTo: r.stableUpTo, heartbeatMs: 0 };
    const carried =
      work.connection === undefined
        ? {}
        : { header: { outcome: outcome.kind, stable: true, orderNum: NO_ORDER, header } };
    r.effects.push({ kind: 'answerCall', call: work.call, outcome, ...carried });
    return;
  }
  work.connection?.session?.reads.push({ readId: work.readId, orderNum: NO_ORDER, outcome, stable: true });
  r.wantFlush();
}
