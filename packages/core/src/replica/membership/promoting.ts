/**
 * Promotion (DESIGN 5.6): collect what peers and sessions hold, decide how far to adopt, publish that, process the
 * rest.
 */

import { CLOCK_DRIFT } from '../../config/clock.js';
import type { ClientSession } from '../../connection/client-session.js';
import { assert } from '../../model/assert.js';
import type { PromiseFrame } from '../../model/frames.js';
import { type ConnectionId, type LinkId, maxOf, NO_ORDER, next, type OrderNum, type SeqNum } from '../../model/ids.js';
import type { Body } from '../../model/message.js';
import { type CallOrder, hasBody, type OrderInfo } from '../../model/order-info.js';
import type { Member } from '../../model/record.js';
import { adoptionPublished, isAdopted, publishAdoption, sameMember, withLeadership } from '../../record/transitions.js';
import { distrust, hasNamedBody, receiveBody } from '../intake/bodies.js';
import { askSession, hangUp } from '../intake/sessions.js';
import { discardUnadopted, toMessageOrder } from '../order/backup-receive.js';
import { judge } from '../poison/judge.js';
import { HEARTBEATS_PER_LEASE } from '../release/fan-out.js';
import type { Collection } from '../state/collection.js';
import type { PromotionState } from '../state/promotion-state.js';
import { HAND_OVER_LEASES, NACK_AFTER_MS, type ReplicaState } from '../state/replica-state.js';
import { proposeChange } from './record-changes.js';
import { remindPeers } from './recovering.js';
import { askPeer, tellPeer, tellPeers } from './tell.js';

const NOT_TOLD = 'this session did not say in time what it holds; say hello again';

/**
 * Tells peers and sessions the new term and asks them for what they hold. After an orderly hand-over nobody holds more
 * than this replica, so the adoption is known at once.
 */
export function startCollecting(m: PromotionState): void {
  const { r } = m;
  const { record } = r;
  assert(record !== undefined, () => 'promoted without a record');
  const { collection } = m;
  collection.add([...m.backupOrder.pendingDestOrder.values()]);
  // This replica may not have met these members in this life, so each counts as silent only after a lease.
  for (const member of record.inSync) {
    if (!sameMember(member, r.self)) /* rule lives-at-promotion */ r.peers.open(member, r.nowMs);
  }
  if (adoptionPublished(record)) {
    // The primary that handed over made everything stable first. Sessions still tell which replies they wait for.
    for (const { session } of r.connections.values()) if (session !== undefined) askAgain(r, session);
    collection.through = record.adoptedThrough.at(-1)?.through ?? NO_ORDER;
    m.completedUpTo = collection.through;
    collection.stage = 'publishing';
    adopt(m);
    return;
  }
  for (const member of record.inSync) {
    if (sameMember(member, r.self)) continue;
    /* rule collect-from-peers */ collection.waitingPeers.set(member.id, {
      member,
      untilMs: r.nowMs + r.config.leaseMs * (1 + CLOCK_DRIFT),
    });
    if (r.peers.get(member.id)?.linkUp) askPeer(r, member);
  }
  for (const connection of r.connections.values()) {
    const { session } = connection;
    if (session === undefined) continue;
    /* rule collect-from-sessions */ if (session.registered) collection.sessionAsked(connection.id, r.nowMs);
    askAgain(r, session);
  }
  tryAdopt(m);
}

function askAgain(r: ReplicaState, session: ClientSession): void {
  session.collected = undefined;
  if (session.link !== undefined) askSession(r, session.link);
}

/** A peer promised to refuse older terms, and sent everything it holds. */
export function onPromise(m: PromotionState, from: Member, frame: PromiseFrame): void {
  const { r } = m;
  const { collection } = m;
  if (collection.stage !== 'collecting' || frame.term !== r.term) return;
  const waiting = collection.waitingPeers.get(from.id);
  if (waiting === undefined || !sameMember(waiting.member, from)) return;
  collection.waitingPeers.delete(from.id);
  collection.add(frame.orders);
  for (const body of frame.bodies) takePromised(m, body);
  /* rule promised-is-complete */ m.completedUpTo = maxOf(m.completedUpTo, frame.completedUpTo);
  tryAdopt(m);
}

/**
 * A peer holds this body together with its order. A session may have sent this replica another body under the same
 * number, and only the order tells which of the two is the message.
 */
function takePromised({ r, collection }: PromotionState, body: Body): void {
  const connection = r.connections.open(body.connection);
  const message = connection.messages.get(body.seqNum);
  if (message?.order === undefined && message?.request !== undefined) collection.keepBody(body);
  else receiveBody(r, connection, body.seqNum, body.request);
}

/** At a tick: peers and sessions that stay silent too long are given up. */
export function promotingTick(m: PromotionState): void {
  const { r } = m;
  if (r.steppingDown !== undefined && r.nowMs - r.steppingDown.sinceMs > HAND_OVER_LEASES * r.config.leaseMs) {
    r.effects.push({ kind: 'stopped', handedOverTo: undefined });
    return;
  }
  /* rule keep-peers-waiting */ keepPeersWaiting(r);
  const { collection } = m;
  if (m.heldBack !== undefined) remindPeers(m);
  if (collection.stage !== 'collecting') return;
  for (const [id, { member, untilMs }] of collection.waitingPeers) {
    if (r.nowMs < untilMs) continue;
    collection.waitingPeers.delete(id);
    collection.silent.push(member);
    r.log('warn', 'a peer is silent; it leaves the in-sync set', { peer: id });
  }
  // checkSessions has unregistered sessions whose heartbeats ended. By the delivery rule, they can no longer deliver
  // anything.
  for (const id of collection.waitingSessions.keys()) {
    if (r.connections.get(id)?.session?.registered !== true) collection.waitingSessions.delete(id);
  }
  /* rule sessions-in-bounds */ giveUpSessions(m);
  tryAdopt(m);
}

/**
 * Gives up sessions that are heard but do not tell in time what they hold. They count as gone until they say hello
 * again: orders that they alone have seen may be cut, and the view that welcomes them says so.
 */
function giveUpSessions({ r, collection }: PromotionState): void {
  for (const id of collection.takeOverdue(r.nowMs)) {
    const connection = r.connections.get(id);
    if (connection?.session === undefined) continue;
    r.log('warn', 'a session did not say in time what it holds; the promotion goes on without it', { connection: id });
    connection.session.registered = false;
    const { link } = connection.session;
    if (link === undefined) continue;
    const frame = { kind: 'refused', code: 'UNDERSTUDY_UNREACHABLE', reason: NOT_TOLD } as const;
    r.effects.push({ kind: 'sendToSession', link, frame });
    hangUp(r, connection);
  }
}

/**
 * Sends heartbeats to peers. A promotion may wait for a session for longer than a lease, and meanwhile no backup may
 * take this replica for dead.
 */
function keepPeersWaiting(r: ReplicaState): void {
  for (const peer of r.peers.values()) {
    if (!peer.linkUp || r.nowMs - peer.sentAtMs < r.config.leaseMs / HEARTBEATS_PER_LEASE) continue;
    peer.sentAtMs = r.nowMs;
    tellPeer(r, peer.member);
  }
}

/**
 * Decides how far older terms are adopted, once every peer and session that may know more has answered or was given up.
 */
export function tryAdopt(m: PromotionState): void {
  const { r, collection } = m;
  const { record } = r;
  if (collection.stage !== 'collecting' || record === undefined) return;
  if (collection.waitingPeers.size > 0 || collection.waitingSessions.size > 0) return;
  const believes = (info: OrderInfo) => info.term < r.term && isAdopted(record, info);
  const hole = firstHole(m, collection, believes);
  /* rule ask-for-body */ if (hole.missingBody !== undefined && askForBodies(m, hole.missingBody, believes)) return;
  // No promotion stops for orders of a session that withholds the body of its own message.
  const counts = (id: ConnectionId): boolean => /* rule nobody-stops-for-its-own */ id !== hole.missingBody?.connection;
  const held = collection.highestHeldBySessions(counts, believes);
  if (/* rule refuse-at-hole */ held >= hole.orderNum && /* rule forced-past-hole */ !record.forced) {
    block(m, hole.orderNum, held);
    return;
  }
  m.blocked = undefined;
  collection.through = (hole.orderNum - 1) as OrderNum;
  const deaths = judge(m, record, collection.through);
  const adopted = publishAdoption(record, collection.through, /* rule silent-leave-set */ collection.silent, deaths);
  // The replica or operator that wrote this record may not have known what this replica brings.
  const change = withLeadership(adopted, r.leadership);
  if (proposeChange(r, change, 'adopt')) collection.stage = 'publishing';
}

/**
 * The first order that cannot be adopted, because neither this replica nor any that it can ask has its announcement or
 * its body.
 */
function firstHole(
  m: PromotionState,
  collection: Collection,
  believes: (info: OrderInfo) => boolean,
): { orderNum: OrderNum; missingBody?: CallOrder } {
  const { r } = m;
  let orderNum = next(r.order.heldUpTo);
  for (;;) {
    const info = r.order.entries.get(orderNum)?.info ?? collection.announced.get(orderNum);
    if (info === undefined || !believes(info)) return { orderNum };
    if (hasBody(info) && /* rule cut-at-hole */ !bodyIsHere(m, info)) return { orderNum, missingBody: info };
    orderNum = next(orderNum);
  }
}

/** Whether this replica has the body that an order names. If it has another one, a peer's takes its place. */
function bodyIsHere({ r, collection }: PromotionState, info: CallOrder): boolean {
  const connection = r.connections.get(info.connection);
  const message = connection?.messages.get(info.seqNum);
  if (connection === undefined || message?.request === undefined) return false;
  if (/* rule adopt-named-body */ hasNamedBody(r, message, info)) return true;
  if (!message.refused) distrust(r, connection, message);
  const own = message.request;
  for (const { request } of collection.bodiesOf(info)) {
    message.request = request;
    if (hasNamedBody(r, message, info)) return true;
  }
  message.request = own;
  return false;
}

/**
 * Asks for all bodies that are missing from this order on. Each is asked of the session that sent it, which retains it
 * until it is stable. If that session's link broke, the promotion waits until the session says on its next link what it
 * retains.
 *
 * @returns whether to wait for the first of the bodies
 */
function askForBodies(m: PromotionState, first: CallOrder, believes: (info: OrderInfo) => boolean): boolean {
  const { r, collection } = m;
  const wanted = new Map<LinkId, SeqNum[]>();
  for (let info: OrderInfo | undefined = first; info !== undefined && believes(info); info = nextAnnounced(m, info)) {
    if (!hasBody(info) || bodyIsHere(m, info)) continue;
    const session = r.connections.get(info.connection)?.session;
    if (session?.link === undefined || !retains(session, info) || wasRefused(r, info)) continue;
    collection.mayWaitForBodies(info.connection, r.nowMs);
    // Every later event leads here again, so the request is repeated in time.
    if (!collection.mayAskFor(info, r.nowMs, NACK_AFTER_MS)) continue;
    const seqNums = wanted.get(session.link);
    if (seqNums === undefined) wanted.set(session.link, [info.seqNum]);
    else seqNums.push(info.seqNum);
  }
  for (const [link, seqNums] of wanted) {
    r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'nack', seqNums: seqNums.sort((a, b) => a - b) } });
  }
  const session = r.connections.get(first.connection)?.session;
  if (session === undefined || wasRefused(r, first) || !mayCome(session, first)) return false;
  return collection.mayWaitForBodies(first.connection, r.nowMs);
}

/** Whether the session sent a body that the order does not name. It is not asked for another one. */
const wasRefused = (r: ReplicaState, { connection, seqNum }: CallOrder): boolean =>
  /* rule ask-no-equivocator */ r.connections.get(connection)?.messages.get(seqNum)?.refused === true;

const nextAnnounced = ({ r, collection }: PromotionState, { orderNum }: OrderInfo): OrderInfo | undefined =>
  r.order.entries.get(next(orderNum))?.info ?? collection.announced.get(next(orderNum));

/** Whether the session says that it retains a body. Its answer says nothing about bodies that it sent afterwards. */
function retains({ collected }: ClientSession, { seqNum }: CallOrder): boolean {
  if (collected === undefined) return false;
  return /* rule ask-for-sent-since */ seqNum > collected.sentUpTo || collected.retained.has(seqNum);
}

/** Whether a body may still come from its session, now or on its next link. */
function mayCome(session: ClientSession, info: CallOrder): boolean {
  if (session.link === undefined || session.collected === undefined)
    return /* rule wait-for-retained */ session.registered;
  return retains(session, info);
}

/** Refuses to go on: a client may have seen a reply that no replica can reproduce (DESIGN 3.7). */
function block(m: PromotionState, hole: OrderNum, held: OrderNum): void {
  const { r } = m;
  const blocked = `a live client holds order ${held}, but order ${hole} is lost; restart a replica that has it, or use force`;
  if (m.blocked === blocked) return;
  m.blocked = blocked;
  r.log('error', 'UNDERSTUDY_ORDER_LOST', { hole, held });
}

/**
 * The record has the adoption. Orders of older terms beyond it never happened; the others are processed before anything
 * new.
 */
export function adopt(m: PromotionState): void {
  const { r } = m;
  const { collection } = m;
  assert(collection.stage === 'publishing', () => `adoption published while ${collection.stage}`);
  const { through } = collection;
  m.backupOrder.pendingDestOrder.clear();
  // Orders that arrived while the adoption was on its way into the record came too late.
  discardUnadopted(r, m.backupOrder);
  assert(through >= r.order.heldUpTo, () => `adopts ${through}, but held ${r.order.heldUpTo}`);
  for (let k = next(r.order.last); k <= through; k = next(k)) {
    const info = collection.announced.get(k);
    assert(info !== undefined, () => `adopts order ${k} that nobody announced`);
    toMessageOrder(r, info);
  }
  assert(r.order.heldUpTo === through, () => `adopted ${through}, holds ${r.order.heldUpTo}`);
  m.backupOrder.continueFrom(next(through));
  collection.stage = 'recovering';
  // From here on, acknowledgments of peers are acknowledgments in this term.
  r.peers.startTerm(r.nowMs, r.stableUpTo);
  // Backups that do not know the record yet would not believe that this replica is busy when it restores its state.
  if (/* rule told-before-busy */ r.stateBehind) tellPeers(r);
  r.log('info', 'adopted', { through, after: r.order.processedUpTo });
}

/**
 * Whether everything that was adopted is processed. It also counts as recovered if the last handler does not end, since
 * only a primary can order that it is abandoned.
 */
export function isRecovered(m: PromotionState): boolean {
  const { r } = m;
  if (m.collection.stage !== 'recovering' || r.stateBusy !== undefined) return false;
  const { running } = r;
  if (running === undefined) return r.order.processedUpTo === r.order.last;
  return running.entry?.info.orderNum === r.order.last && r.nowMs - running.startedMs >= r.config.stallMs;
}
