import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { assert } from '../../model/assert.js';
import type { CallId, OrderNum } from '../../model/ids.js';
import { bodyBytes, type Request } from '../../model/message.js';
import { ACCEPTED, type Outcome } from '../../model/outcome.js';
import { type Determinants, type Orderable, type OrderInfo, seqNumOf } from '../../ordering/order-info.js';
import type { PrimaryOrder } from '../../ordering/primary-order.js';
import type { Work } from '../../scheduling/scheduler.js';
import { needsBase } from '../checkpoint/base.js';
import type { Task } from '../events.js';
import { drains, isAtRest } from '../nested/drain.js';
import type { Reply } from '../release/release-rule.js';
import type { ReplicaState } from '../state.js';
import { allPassed } from '../streams/intercepted.js';
import { creditDigests, methodOf } from '../streams/streams.js';
import type { Entry } from './message-order.js';

/** How far backups that execute too may lag behind, in multiples of `unstableMax`, before the primary stops ordering. */
const LAG_FACTOR = 4;

/** The primary's order; only the primary asks for it. */
export function orderOf(r: ReplicaState): PrimaryOrder {
  assert(r.primaryOrder !== undefined, () => `${r.role} has no order to give`);
  return r.primaryOrder;
}

/** Takes the next piece of work and starts it; false if there is none, or nothing may be ordered now. */
export function startNext(r: ReplicaState): boolean {
  // What a handler of a stream knows is in no checkpoint, nor what one knows that waits for a reply.
  const wanted = r.checkpointWanted && /* rule no-streams-in-checkpoint */ r.openStreams === 0;
  const isDue = wanted || (mayOrder(r) && needsBase(r, r.scheduler.peek()));
  if (isDue && /* rule checkpoint-at-rest */ isAtRest(r) && allPassed(r)) {
    r.nested.drainSinceMs = undefined;
    r.checkpointWanted = false;
    r.stateBusy = 'checkpoint';
    r.effects.push({ kind: 'takeCheckpoint' });
    return true;
  }
  if (/* rule order-nothing-more */ r.steppingDown !== undefined || !mayOrder(r)) return false;
  const work = r.replies.next() ?? (isDue && drains(r) ? undefined : r.scheduler.next());
  if (work === undefined) return false;
  start(r, work);
  return true;
}

/** At these bounds the primary stops ordering until backups have caught up (DESIGN 5.3). */
export function mayOrder(r: ReplicaState): boolean {
  const { unstableMax } = r.config;
  const { last } = r.order;
  return (
    last - r.stableUpTo < unstableMax &&
    r.waiting.length < 2 * unstableMax &&
    (r.config.replication === 'passive' || last - r.stability.processedUpTo(last) < LAG_FACTOR * unstableMax)
  );
}

function start(r: ReplicaState, work: Work): void {
  switch (work.kind) {
    case 'call': {
      const { connection, message, request, peer, determinants = creditDigests(connection, request) } = work;
      if (hasExpired(r, connection)) {
        refuseExpired(r, work);
        return;
      }
      r.starting = work;
      const changedPeer = connection.peer !== peer;
      append(r, callOrder(message, changedPeer ? peer : undefined, determinants), connection, message);
      if (isOneWay(r, request)) giveReplies(r, connection, message, r.order.last, ACCEPTED);
      return;
    }
    case 'void': {
      const { connection, message, outcome } = work;
      if (hasExpired(r, connection)) return;
      const { seqNum } = message;
      append(r, { connection: connection.id, seqNum, kind: 'void', outcome }, connection, message);
      return;
    }
    case 'read': {
      const task: Task = { kind: 'read', readTask: r.nextReadTask++, request: work.request, peer: work.peer };
      r.running = { task, entry: undefined, work, startedMs: r.nowMs };
      r.effects.push({ kind: 'execute', task, live: true, admission: work.admission });
      return;
    }
    case 'cancel': {
      const { connection, stream, end } = work;
      const ending = connection.streams.get(stream);
      if (ending === undefined || hasExpired(r, connection)) return;
      // Its handler came to its end before its turn to be ended.
      if (ending.over && end?.after === undefined && /* rule cancel-though-over */ end !== undefined) {
        ending.ended = false;
        return;
      }
      const ended = end && { end: { status: end.status, after: end.after ?? ending.seal(r.admits) } };
      append(r, { connection: connection.id, stream, kind: 'cancel', ...ended }, connection, undefined);
      return;
    }
    case 'expire': {
      const connection = r.connections.get(work.connection);
      // While this waited for its turn the session came back.
      if (connection === undefined || /* rule expire-unless-back */ connection.session !== undefined) return;
      connection.expiring = true;
      for (const { id, opened, over } of connection.streams.values()) {
        if (/* rule cancel-before-expiry */ !opened || over) continue;
        append(r, { connection: connection.id, stream: id, kind: 'cancel' }, connection, undefined);
      }
      append(r, { connection: work.connection, kind: 'expire' }, connection, undefined);
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

function refuseExpired(r: ReplicaState, { message, request }: Extract<Work, { kind: 'call' }>): void {
  if (request.key !== undefined) r.keyedRunning.delete(request.key);
  for (const call of message.takeWaiters() ?? []) {
    const reason = 'the records of this connection were freed';
    r.effects.push({ kind: 'failCall', call, code: 'UNDERSTUDY_SESSION_EXPIRED', reason });
  }
}

/** Gives a message its place: FIG. 7, the log, and the announcement that leaves with the turn. */
function append(r: ReplicaState, what: Orderable, connection: Connection, message: Message | undefined): void {
  const info = orderOf(r).orderMessage(what);
  enterLog(r, info, connection);
  const request = message?.request;
  if (request !== undefined) r.backlogBytes += bodyBytes(request);
  r.release.ordered(info);
  if (r.unstableSinceMs === Number.POSITIVE_INFINITY) r.unstableSinceMs = r.nowMs;
  // Nobody reflects the order of a message that no session sent, so the primary announces it itself ([00114]).
  if (
    r.config.multicast === 'direct' ||
    connection.kind !== 'session' ||
    info.kind !== 'call' ||
    !r.release.registered(connection)
  ) {
    r.localAnnounceUpTo = info.orderNum;
  } else if (waitsForStability(r, connection, request)) {
    carryAtOnce(r, connection, info.orderNum);
  }
  if (connection.kind !== 'session' || message?.awaitStable || waitsForStability(r, connection, request)) {
    r.urgentUpTo = info.orderNum;
  }
  if (r.stability.alone) advanceStable(r);
  r.wantsFlush = true;
}

/** A group that is a client cannot reflect what is not stable: its successor would not know of it. */
const waitsForStability = (r: ReplicaState, connection: Connection, request: Request | undefined): boolean =>
  request !== undefined &&
  (r.settings(methodOf(connection, request)).release === 'acknowledged' ||
    /* rule nested-reply-when-stable */ request.nested !== undefined);

/** The reply waits until the order is stable, so its client must hear of the order now in order to reflect it. */
function carryAtOnce(r: ReplicaState, { session }: Connection, orderNum: OrderNum): void {
  if (session === undefined || orderNum >= r.release.firstUnretained(orderOf(r))) r.localAnnounceUpTo = orderNum;
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
export function orderAbandon(r: ReplicaState, { info }: Entry): void {
  const connection = r.connections.open(info.connection);
  append(r, { connection: connection.id, seqNum: seqNumOf(info), kind: 'abandon' }, connection, undefined);
}

/** An ordered message has its outcome: whoever waits for it gets it as soon as it may leave. */
export function giveReplies(
  r: ReplicaState,
  connection: Connection,
  message: Message,
  orderNum: OrderNum,
  outcome: Outcome,
): void {
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
    offer(r, { connection, to, orderNum, outcome, mustBeStable });
  }
  const byFrame = message.byFrame || waiters === undefined;
  message.byFrame = false;
  if (byFrame && connection.session?.link !== undefined) {
    offer(r, { connection, to: { kind: 'seq', seqNum }, orderNum, outcome, mustBeStable });
  }
}

export function giveRead(r: ReplicaState, work: Extract<Work, { kind: 'read' }>, outcome: Outcome): void {
  const { connection, call, readId, mustBeStable } = work;
  const to =
    call === undefined
      ? ({ kind: 'read', readId } as const)
      : ({ kind: 'call', call, withHeader: connection !== undefined } as const);
  offer(r, { connection, to, orderNum: r.order.processedUpTo, outcome, mustBeStable });
}

/** The reply to a message that was processed earlier, under the same rule as the first time. */
export function giveCached(r: ReplicaState, connection: Connection, message: Message, outcome: Outcome): void {
  const orderNum = message.endedAt ?? message.order?.orderNum ?? r.stableUpTo;
  // It tells a session that no reply will come; on an RPC nothing comes.
  /* rule abandon-told-once */ if (outcome.kind === 'abandoned') message.takeWaiters();
  // Whoever asks again while the reply waits gets that one: replies that wait are bounded.
  const waiting = findWaiting(r, connection, message);
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
  giveReplies(r, connection, message, orderNum, outcome);
}

/** A reply that waits for the end of the turn, too, leaves once: as it is decided now. */
function takeBack({ session }: Connection, { seqNum, waiters, byFrame }: Message): void {
  if (session === undefined || (waiters !== undefined && !byFrame)) return;
  session.replies = session.replies.filter((reply) => reply.seqNum !== seqNum);
}

const findWaiting = (r: ReplicaState, connection: Connection, { seqNum }: Message): Reply | undefined =>
  r.waiting.find((reply) => reply.connection === connection && reply.to.kind === 'seq' && reply.to.seqNum === seqNum);

/** The reply to an idempotency key that came again. Where its order was is not kept; it may leave when all so far is stable. */
export function giveKeyed(r: ReplicaState, call: CallId, outcome: Outcome): void {
  const to = { kind: 'call', call, withHeader: false } as const;
  offer(r, { connection: undefined, to, orderNum: r.order.processedUpTo, outcome, mustBeStable: true });
}

function offer(r: ReplicaState, reply: Reply): void {
  if (!letGo(r, reply, r.holdsLease())) r.waiting.push(reply);
}

/** Lets go of what the release rule allows by now. */
export function releaseWaiting(r: ReplicaState): void {
  if (r.itemsWait) r.wantsFlush = true;
  if (r.waiting.length === 0) return;
  const holdsLease = r.holdsLease();
  if (!holdsLease) return;
  r.waiting = r.waiting.filter((reply) => !letGo(r, reply, holdsLease));
}

function letGo(r: ReplicaState, reply: Reply, holdsLease: boolean): boolean {
  const verdict = r.release.decide(reply, orderOf(r), r.stableUpTo, holdsLease);
  if (verdict === 'wait') return false;
  send(r, reply, verdict === 'stable');
  return true;
}

function send(r: ReplicaState, { connection, to, orderNum, outcome }: Reply, stable: boolean): void {
  if (to.kind === 'call') {
    const { call, withHeader } = to;
    if (!withHeader || connection === undefined) {
      r.effects.push({ kind: 'answerCall', call, outcome });
      return;
    }
    const sourceOrderInfo = orderOf(r).multicastMessage(r.stableUpTo, orderNum);
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
  r.wantsFlush = true;
}

/** More orders may have become stable: what was kept for them can go, and what waited for them may leave. */
export function advanceStable(r: ReplicaState): void {
  const stable = r.stability.stableUpTo(r.order.heldUpTo);
  if (stable <= r.stableUpTo) return;
  r.stableUpTo = stable;
  orderOf(r).stable(stable);
  r.release.stable(stable);
  r.unstableSinceMs = stable === r.order.last ? Number.POSITIVE_INFINITY : r.nowMs;
}
