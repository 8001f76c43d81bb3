import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { CallId, OrderNum } from '../../model/ids.js';
import { bodyBytes, type Request } from '../../model/message.js';
import { type Determinants, type Orderable, type OrderInfo, seqNumOf } from '../../model/order-info.js';
import { ACCEPTED, type Outcome } from '../../model/outcome.js';
import type { Work } from '../../scheduling/scheduler.js';
import { needsBase } from '../state/base.js';
import type { Task } from '../state/events.js';
import type { Entry } from '../state/message-order.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplyToRelease } from '../state/release-rule.js';
import type { ReplicaState } from '../state/replica-state.js';
import { allPassed } from '../streams/intercepted.js';
import { creditDigests, methodOf } from '../streams/streams.js';
import { drains, isAtRest } from './drain.js';

/** How far backups that execute too may lag behind, in multiples of `unstableMax`, before the primary stops ordering. */
const LAG_FACTOR = 4;

/** Takes the next piece of work and starts it; false if there is none, or nothing may be ordered now. */
export function startNext(p: PrimaryState): boolean {
  const { r } = p;
  // What a handler of a stream knows is in no checkpoint, nor what one knows that waits for a reply.
  const wanted = p.checkpointWanted && /* rule no-streams-in-checkpoint */ r.openStreams === 0;
  const isDue = wanted || (mayOrder(p) && needsBase(p, p.scheduler.peek()));
  if (isDue && /* rule checkpoint-at-rest */ isAtRest(r) && allPassed(p)) {
    r.nested.drainSinceMs = undefined;
    p.checkpointWanted = false;
    r.stateBusy = 'checkpoint';
    r.effects.push({ kind: 'takeCheckpoint' });
    return true;
  }
  if (/* rule order-nothing-more */ r.steppingDown !== undefined || !mayOrder(p)) return false;
  const work = p.replies.next() ?? (isDue && drains(p) ? undefined : p.scheduler.next());
  if (work === undefined) return false;
  start(p, work);
  return true;
}

/** At these bounds the primary stops ordering until backups have caught up (DESIGN 5.3). */
export function mayOrder(p: PrimaryState): boolean {
  const { r } = p;
  const { unstableMax } = r.config;
  const { last } = r.order;
  return (
    last - r.stableUpTo < unstableMax &&
    p.waiting.length < 2 * unstableMax &&
    (r.config.replication === 'passive' || last - p.stability.processedUpTo(last) < LAG_FACTOR * unstableMax)
  );
}

function start(p: PrimaryState, work: Work): void {
  const { r } = p;
  switch (work.kind) {
    case 'call': {
      const { connection, message, request, peer, determinants = creditDigests(connection, request) } = work;
      if (hasExpired(r, connection)) {
        refuseExpired(p, work);
        return;
      }
      p.starting = work;
      const changedPeer = connection.peer !== peer;
      append(p, callOrder(message, changedPeer ? peer : undefined, determinants), connection, message);
      if (isOneWay(r, request)) giveReplies(p, connection, message, r.order.last, ACCEPTED);
      return;
    }
    case 'void': {
      const { connection, message, outcome } = work;
      if (hasExpired(r, connection)) return;
      const { seqNum } = message;
      append(p, { connection: connection.id, seqNum, kind: 'void', outcome }, connection, message);
      return;
    }
    case 'read': {
      const task: Task = { kind: 'read', readTask: p.nextReadTask++, request: work.request, peer: work.peer };
      r.running = { task, entry: undefined, work, startedMs: r.nowMs };
      r.effects.push({ kind: 'execute', task, live: true, admission: work.admission });
      return;
    }
    case 'cancel': {
      const { connection, stream, end } = work;
      const ending = connection.streams.get(stream);
      if (ending === undefined || hasExpired(r, connection)) return;
      // Its handler came to its end before its turn to be ended.
      if (ending.history.over && end?.after === undefined && /* rule cancel-though-over */ end !== undefined) {
        ending.history.ended = false;
        return;
      }
      const ended = end && { end: { status: end.status, after: end.after ?? ending.seal(r.admits) } };
      append(p, { connection: connection.id, stream, kind: 'cancel', ...ended }, connection, undefined);
      return;
    }
    case 'expire': {
      const connection = r.connections.get(work.connection);
      // While this waited for its turn the session came back.
      if (connection === undefined || /* rule expire-unless-back */ connection.session !== undefined) return;
      connection.expiring = true;
      for (const { id, history } of connection.streams.values()) {
        if (/* rule cancel-before-expiry */ !history.opened || history.over) continue;
        append(p, { connection: connection.id, stream: id, kind: 'cancel' }, connection, undefined);
      }
      append(p, { connection: work.connection, kind: 'expire' }, connection, undefined);
    }
  }
}

/** Most messages have neither, and then the orderInfo has no field for it. */
function callOrder(
  { connection, seqNum }: Message,
  peer: string | undefined,
  determinants: Determinants | undefined,
): Orderable {
  const bare = { kind: 'call', connection, seqNum } as const;
  if (peer === undefined && determinants === undefined) return bare;
  return { ...bare, ...(peer !== undefined && { peer }), ...(determinants && { determinants }) };
}

/** What was queued when its connection's records were freed gets no order: nothing would recognise it again. */
const hasExpired = (r: ReplicaState, connection: Connection): boolean =>
  r.connections.get(connection.id) !== connection;

function refuseExpired(p: PrimaryState, { message, request }: Extract<Work, { kind: 'call' }>): void {
  const { r } = p;
  if (request.key !== undefined) p.keyedRunning.delete(request.key);
  for (const call of message.takeWaiters() ?? []) {
    const reason = 'the records of this connection were freed';
    r.effects.push({ kind: 'failCall', call, code: 'UNDERSTUDY_SESSION_EXPIRED', reason });
  }
}

/** Gives a message its place: FIG. 7, the log, and the announcement that leaves with the turn. */
function append(p: PrimaryState, what: Orderable, connection: Connection, message: Message | undefined): void {
  const { r } = p;
  const info = p.order.orderMessage(what);
  enterLog(r, info, connection);
  const request = message?.request;
  if (request !== undefined) p.backlogBytes += bodyBytes(request);
  p.release.ordered(info);
  if (p.unstableSinceMs === Number.POSITIVE_INFINITY) p.unstableSinceMs = r.nowMs;
  // Nobody reflects the order of a message that no session sent, so the primary announces it itself ([00114]).
  if (
    r.config.multicast === 'direct' ||
    connection.kind !== 'session' ||
    info.kind !== 'call' ||
    !p.release.registered(connection)
  ) {
    p.localAnnounceUpTo = info.orderNum;
  } else if (waitsForStability(r, connection, request)) {
    carryAtOnce(p, connection, info.orderNum);
  }
  if (connection.kind !== 'session' || message?.awaitStable || waitsForStability(r, connection, request)) {
    p.urgentUpTo = info.orderNum;
  }
  if (p.stability.alone) advanceStable(p);
  r.wantFlush();
}

/** A group that is a client cannot reflect what is not stable: its successor would not know of it. */
const waitsForStability = (r: ReplicaState, connection: Connection, request: Request | undefined): boolean =>
  request !== undefined &&
  (r.settings(methodOf(connection, request)).release === 'acknowledged' ||
    /* rule nested-reply-when-stable */ request.nested !== undefined);

/** The reply waits until the order is stable, so its client must hear of the order now in order to reflect it. */
function carryAtOnce(p: PrimaryState, { session }: Connection, orderNum: OrderNum): void {
  if (session === undefined || orderNum >= p.release.firstUnretained(p.order)) p.localAnnounceUpTo = orderNum;
  else session.carryUpTo = orderNum;
}

/** Its caller waits for a place in the order, not for what comes of it. */
export const isOneWay = (r: ReplicaState, request: Request | undefined): boolean =>
  request !== undefined && request.stream === undefined && r.settings(request.method).oneWay;

export function enterLog(r: ReplicaState, info: OrderInfo, connection: Connection): void {
  if (info.kind !== 'call' && info.kind !== 'void') {
    r.order.append(info, undefined);
    return;
  }
  const message = connection.message(info.seqNum);
  connection.enterLog(message, info);
  r.order.append(info, message);
}

/** The running message will never answer; the group goes on behind it. */
export function orderAbandon(p: PrimaryState, { info }: Entry): void {
  const { r } = p;
  const connection = r.connections.open(info.connection);
  append(p, { connection: connection.id, seqNum: seqNumOf(info), kind: 'abandon' }, connection, undefined);
}

/** An ordered message has its outcome: whoever waits for it gets it as soon as it may leave. */
export function giveReplies(
  p: PrimaryState,
  connection: Connection,
  message: Message,
  orderNum: OrderNum,
  outcome: Outcome,
): void {
  const { r } = p;
  const { seqNum, awaitStable, request } = message;
  let waiters = message.takeWaiters();
  // A session must know that no reply will come; whoever waits on an RPC waits, as on any server that never answers.
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

export function giveRead(p: PrimaryState, work: Extract<Work, { kind: 'read' }>, outcome: Outcome): void {
  const { r } = p;
  const { connection, call, readId, mustBeStable } = work;
  const to =
    call === undefined
      ? ({ kind: 'read', readId } as const)
      : ({ kind: 'call', call, withHeader: connection !== undefined } as const);
  offer(p, { connection, to, orderNum: r.order.processedUpTo, outcome, mustBeStable });
}

/** The reply to a message that was processed earlier, under the same rule as the first time. */
export function giveCached(p: PrimaryState, connection: Connection, message: Message, outcome: Outcome): void {
  const { r } = p;
  const orderNum = message.endedAt ?? message.order?.orderNum ?? r.stableUpTo;
  // It tells a session that no reply will come; on an RPC nothing comes.
  /* rule abandon-told-once */ if (outcome.kind === 'abandoned') message.takeWaiters();
  // Whoever asks again while the reply waits gets that one: replies that wait are bounded.
  const waiting = findWaiting(p, connection, message);
  /* rule wait-once */ if (waiting !== undefined) {
    // Asked for as a stable one, it may leave only as that; else its client drops it, and asks again.
    /* rule asked-as-stable */ waiting.mustBeStable ||= message.awaitStable;
    if (message.waiters === undefined) {
      message.awaitStable = false;
      return;
    }
    // Only its RPC lacks one.
    message.byFrame = false;
  }
  /* rule leave-once */ takeBack(connection, message);
  giveReplies(p, connection, message, orderNum, outcome);
}

/** A reply that waits for the end of the turn, too, leaves once: as it is decided now. */
function takeBack({ session }: Connection, { seqNum, waiters, byFrame }: Message): void {
  if (session === undefined || (waiters !== undefined && !byFrame)) return;
  session.replies = session.replies.filter((reply) => reply.seqNum !== seqNum);
}

const findWaiting = (p: PrimaryState, connection: Connection, { seqNum }: Message): ReplyToRelease | undefined =>
  p.waiting.find((reply) => reply.connection === connection && reply.to.kind === 'seq' && reply.to.seqNum === seqNum);

/** The reply to an idempotency key that came again. Where its order was is not kept; it may leave when all so far is stable. */
export function giveKeyed(p: PrimaryState, call: CallId, outcome: Outcome): void {
  const { r } = p;
  const to = { kind: 'call', call, withHeader: false } as const;
  offer(p, { connection: undefined, to, orderNum: r.order.processedUpTo, outcome, mustBeStable: true });
}

function offer(p: PrimaryState, reply: ReplyToRelease): void {
  if (!letGo(p, reply, p.holdsLease())) p.waiting.push(reply);
}

/** Lets go of what the release rule allows by now. */
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

function send(p: PrimaryState, { connection, to, orderNum, outcome }: ReplyToRelease, stable: boolean): void {
  const { r } = p;
  if (to.kind === 'call') {
    const { call, withHeader } = to;
    if (!withHeader || connection === undefined) {
      r.effects.push({ kind: 'answerCall', call, outcome });
      return;
    }
    const sourceOrderInfo = p.order.multicastMessage(r.stableUpTo, orderNum);
    const heartbeatMs = connection.session?.heartbeatMs ?? 0;
    const bare = { term: r.term, sourceOrderInfo, stableUpTo: r.stableUpTo, heartbeatMs };
    const header = connection.session?.viewSent === false ? { ...bare, view: r.view } : bare;
    r.effects.push({ kind: 'answerCall', call, outcome, header: { outcome: outcome.kind, stable, header } });
    return;
  }
  const session = connection?.session;
  if (session?.link === undefined) return;
  if (to.kind === 'seq') {
    session.replies.push({ seqNum: to.seqNum, orderNum, outcome, stable });
    if (orderNum > session.carryUpTo) session.carryUpTo = orderNum;
  } else {
    session.reads.push({ readId: to.readId, orderNum, outcome, stable });
    /* rule read-carries-orders */ if (orderNum > session.carryUpTo) session.carryUpTo = orderNum;
  }
  r.wantFlush();
}

/** More orders may have become stable: what was kept for them can go, and what waited for them may leave. */
export function advanceStable(p: PrimaryState): void {
  const { r } = p;
  const stable = p.stability.stableUpTo(r.order.heldUpTo);
  if (stable <= r.stableUpTo) return;
  r.stableUpTo = stable;
  p.order.stable(stable);
  p.release.stable(stable);
  p.unstableSinceMs = stable === r.order.last ? Number.POSITIVE_INFINITY : r.nowMs;
}
