/** The end of a turn at the primary: one frame for each session and backup that has something to be sent. */

import { blockedMaxMs } from '../../config/clock.js';
import type { ClientSession } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { StateDigest } from '../../model/digest.js';
import type { AnnounceFrame, SeqItem } from '../../model/frames.js';
import { maxOf, minOf, NO_ORDER, type OrderNum } from '../../model/ids.js';
import { type Body, bodyBytes, isLarge } from '../../model/message.js';
import type { OrderInfo } from '../../model/order-info.js';
import { backupsAnswer } from '../state/base.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { sealOrders } from '../state/sealing.js';
import { flushStreamCalls, takeItems } from '../streams/items.js';
import { sendBulk } from './bulk.js';
import { echoDue, sendReplies } from './session-frames.js';

/** How many frames the primary sends to each backup within a lease if it has nothing to announce. */
export const HEARTBEATS_PER_LEASE = 6;
/**
 * How many frames an idle main link carries in the time for which its silence is tolerated. It carries at least one a
 * second.
 */
const FRAMES_WHILE_BLOCKED = 5;
const QUIET_MAX_MS = 1_000;
/** Once this many announcements have gathered, they leave without waiting for more. */
const BATCH_MAX = 64;
/**
 * About how many bytes of small bodies one announcement carries at most. The next announcement continues from there.
 */
const ANNOUNCED_BODIES_MAX_BYTES = 4 * 1024 * 1024;
/**
 * The most that one frame to a learner carries, in orders and in bytes of bodies, and how far the primary gets ahead of
 * the learner's answers.
 */
const LEARNER_ORDERS = 256;
const LEARNER_BYTES = 1024 * 1024;
const LEARNER_AHEAD_MAX = 2048;
const NO_ITEMS: readonly SeqItem[] = [];
const NO_ORDERS: readonly OrderInfo[] = [];

/** Sends everything that was gathered during this turn. */
export function flushPrimary(p: PrimaryState): void {
  announceOverflow(p);
  p.itemsWait = false;
  p.closerWaits = false;
  for (const connection of p.r.connections.values()) {
    flushSession(p, connection);
    sendBulk(p, connection);
  }
  if (p.streamCalls.size > 0) flushStreamCalls(p);
  flushPeers(p);
}

/**
 * FIG. 7: if more than pendingSourceOrderMax announcements are pending, null messages carry them to clients that
 * reflect.
 */
function announceOverflow(p: PrimaryState): void {
  const { r } = p;
  if (r.config.multicast !== 'destination' || !p.order.nullMessageDue) return;
  carryToSessions(p);
}

/**
 * Lets null messages carry the orders that may leave: those whose bodies survive with their clients (the release rule).
 */
export function carryToSessions(p: PrimaryState): void {
  const { r } = p;
  const upTo = minOf(r.order.processedUpTo, (p.release.firstUnretained(p.order) - 1) as OrderNum);
  if (!p.holdsLease()) return;
  for (const connection of r.connections.values()) {
    const { session } = connection;
    if (session?.link === undefined || !p.release.registered(connection)) continue;
    session.carryUpTo = maxOf(session.carryUpTo, upTo);
  }
}

function flushSession(p: PrimaryState, connection: Connection): void {
  const { r } = p;
  const { session } = connection;
  if (session?.link === undefined) return;
  if (session.closing && connection.lastOrder > r.stableUpTo) p.closerWaits = true;
  const items = session.streams.size > 0 ? takeItems(p, connection, session) : NO_ITEMS;
  const carried = maxOf(session.carriedUpTo, r.stableUpTo);
  const hasReplies = session.replies.length > 0 || session.reads.length > 0 || items.length > 0;
  // An order that a client carries counts as processed, so none is carried before it is processed merely to be carried.
  const carryUpTo = maxOf(session.carryUpTo, minOf(session.atOnceUpTo, r.order.processedUpTo));
  const hasOrders = carryUpTo > carried;
  if (!hasOrders && !hasReplies && !owesWord(p, connection, session)) return;
  // Orders that are stable by now are not carried any more, so a reply that reflects only such orders must say that it
  // is stable.
  if (hasReplies) markStable(session, r.stableUpTo);
  const orders = hasOrders ? p.order.multicastMessage(carried, carryUpTo) : NO_ORDERS;
  session.carriedUpTo = maxOf(session.carriedUpTo, carryUpTo);
  sendReplies(r, session, sealOrders(r, connection, orders), items, r.stableUpTo);
}

function markStable({ replies, reads }: ClientSession, stableUpTo: OrderNum): void {
  for (const reply of replies) if (reply.orderNum <= stableUpTo) reply.stable = true;
  for (const reply of reads) if (reply.orderNum <= stableUpTo) reply.stable = true;
}

/**
 * Whether a session needs a frame although it gets no reply: because it may close now, the in-sync set changed, or its
 * heartbeat needs an echo.
 */
function owesWord(p: PrimaryState, connection: Connection, session: ClientSession): boolean {
  const { r } = p;
  if (session.closing && session.stableSent < r.stableUpTo && connection.lastOrder <= r.stableUpTo) return true;
  return !session.viewSent || echoDue(r, session);
}

/**
 * Whether the primary sends announcements to this peer: it is in sync or catching up. A replica that was removed hears
 * nothing more, so it asks to join again even if it never knew that it was a member.
 */
export const isAnnouncedTo = (p: PrimaryState, peer: Peer): boolean =>
  peer.linkUp &&
  (peer.learner === undefined ? p.stability.counts(peer) : peer.learner !== 'waiting' && peer.learner !== 'receiving');

/** Sends announcements to the backups ([0095], FIG. 5), together with the bodies that no session multicasts to them. */
function flushPeers(p: PrimaryState): void {
  const { r } = p;
  let shared:
    | { announcement: Announcement; from: OrderNum; target: OrderNum; news: StateDigest | undefined }
    | undefined;
  let gathering = false;
  // Replies that wait until the backups know what was processed wait for this frame.
  const isAwaited = p.waiting.length > 0 || p.itemsWait || p.heldBack !== undefined;
  const tellUpTo = isAwaited ? r.order.processedUpTo : NO_ORDER;
  for (const peer of r.peers.values()) {
    if (!isAnnouncedTo(p, peer)) continue;
    sendLarge(r, peer);
    const learner = peer.learner !== undefined;
    const alike = !learner && !lacksSessions(r, peer);
    const from = maxOf(peer.announcedUpTo, peer.heldUpTo);
    let target = learner || r.config.multicast === 'direct' ? r.order.last : p.localAnnounceUpTo;
    if (learner) target = minOf(target, forLearner(p, peer, from));
    const isTold = peer.saidProcessed >= tellUpTo;
    if (target <= from && isTold && !heartbeatDue(r, peer)) continue;
    if (mayWait(p, peer, target - from)) {
      gathering = true;
      continue;
    }
    const news = newsOfState(p, peer);
    const isShared = alike && shared?.from === from && shared.target === target && shared.news === news;
    let made = isShared ? shared?.announcement : undefined;
    if (made === undefined) {
      made = announcement(p, peer, from, target, news);
      if (alike) shared = { announcement: made, from, target, news };
    }
    r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame: made.frame });
    peer.announcedUpTo = maxOf(from, made.upTo);
    if (made.upTo < target) r.wantFlush();
    peer.sentAtMs = r.nowMs;
    peer.saidStable = made.frame.stableUpTo;
    peer.saidProcessed = made.frame.digest?.orderNum ?? NO_ORDER;
    peer.saidState = news?.orderNum ?? peer.saidState;
    for (const { body, orderNum } of made.large) peer.bulk.add(body, orderNum, r.nowMs);
    sendLarge(r, peer);
  }
  p.batchSinceMs = gathering ? (p.batchSinceMs ?? r.nowMs) : undefined;
}

/** How far a learner is sent announcements now. The bound keeps what it lacks from filling a frame or its link. */
function forLearner(p: PrimaryState, peer: Peer, from: OrderNum): OrderNum {
  const { r } = p;
  const room = peer.heldUpTo + LEARNER_AHEAD_MAX - from;
  let [orders, bytes] = [0, 0];
  for (const { message } of r.order.entries.slice(from, minOf(r.order.last, (from + LEARNER_ORDERS) as OrderNum))) {
    if (orders >= room || bytes >= LEARNER_BYTES) break;
    orders++;
    if (message?.request !== undefined) bytes += bodyBytes(message.request);
  }
  const upTo = (from + orders) as OrderNum;
  if (orders > 0 && upTo < r.order.last) r.wantFlush();
  return upTo;
}

/**
 * Whether this peer is owed a frame although there is nothing to announce. Where liveness threads keep the lease, a
 * frame is needed only to say what has become stable, and now and then to show that the main link works. Backups that
 * answer reads wait for such frames.
 */
export function heartbeatDue(r: ReplicaState, peer: Peer): boolean {
  const { leaseMs } = r.config;
  const sinceMs = r.nowMs - peer.sentAtMs;
  if (peer.saidStable < r.stableUpTo && backupsAnswer(r)) return true;
  if (sinceMs < leaseMs / HEARTBEATS_PER_LEASE) return false;
  if (/* rule main-heartbeats-alone */ r.nowMs - peer.threadHeardMs >= leaseMs / 2) return true;
  if (peer.learner !== undefined) return true;
  if (peer.saidStable < r.stableUpTo || peer.saidProcessed < r.order.processedUpTo) return true;
  return sinceMs >= Math.min(QUIET_MAX_MS, blockedMaxMs(r.config) / FRAMES_WHILE_BLOCKED);
}

/**
 * Whether announcements to this peer may gather a little longer, because no caller waits for the backups. The replies
 * that have left carry these orders themselves, so clients hold them meanwhile ([0025], [0047]).
 */
function mayWait(p: PrimaryState, peer: Peer, announcements: number): boolean {
  const { r } = p;
  const { batchMs, unstableMax } = r.config;
  if (announcements === 0 || announcements >= Math.min(BATCH_MAX, unstableMax / 2)) return false;
  if (p.waiting.length > 0 || r.handsOver || peer.learner !== undefined) return false;
  if (p.urgentUpTo > peer.announcedUpTo) return false;
  return p.batchSinceMs === undefined ? batchMs > 0 : r.nowMs - p.batchSinceMs < batchMs;
}

/**
 * Whether some session is not registered with this peer. Such a session may have no link to it, so its bodies travel
 * along with their orders.
 */
function lacksSessions(r: ReplicaState, peer: Peer): boolean {
  for (const connection of r.connections.values()) {
    if (connection.session !== undefined && !peer.registered.has(connection.id)) return true;
  }
  return false;
}

/** Sends a peer the large bodies for which its link has room. */
export function sendLarge(r: ReplicaState, peer: Peer): void {
  for (let body = peer.bulk.take(peer.heldUpTo); body !== undefined; body = peer.bulk.take(peer.heldUpTo)) {
    r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame: { kind: 'bodies', bodies: [body] }, bulk: true });
  }
}

interface Announcement {
  readonly frame: AnnounceFrame;
  /** The last order that it announces. */
  readonly upTo: OrderNum;
  /** The large bodies of its orders, which follow one by one. */
  readonly large: readonly { readonly body: Body; readonly orderNum: OrderNum }[];
}

/** The digest of this primary's state, unless the peer's link has carried it. */
const newsOfState = ({ digested: { newest } }: PrimaryState, { saidState }: Peer): StateDigest | undefined =>
  newest !== undefined && newest.orderNum > saidState ? newest : undefined;

function announcement(
  p: PrimaryState,
  peer: Peer,
  from: OrderNum,
  target: OrderNum,
  stateDigest: StateDigest | undefined,
): Announcement {
  const { r } = p;
  const orders: OrderInfo[] = [];
  const bodies: Body[] = [];
  const large: { body: Body; orderNum: OrderNum }[] = [];
  let [upTo, bytes] = [target, 0];
  for (const { info, message } of r.order.entries.slice(from, target)) {
    orders.push(info);
    const request = message?.request;
    if (request === undefined || info.kind !== 'call') continue;
    if (peer.learner === undefined && peer.registered.has(info.connection)) continue;
    const body = { connection: info.connection, seqNum: info.seqNum, request };
    if (isLarge(request)) {
      large.push({ body, orderNum: info.orderNum });
      continue;
    }
    bodies.push(body);
    bytes += bodyBytes(request);
    if (bytes < ANNOUNCED_BODIES_MAX_BYTES) continue;
    upTo = info.orderNum;
    break;
  }
  const { processedUpTo } = r.order;
  const frame: AnnounceFrame = {
    kind: 'announce',
    term: r.term,
    sentAtMs: r.nowMs,
    stableUpTo: r.stableUpTo,
    orders,
    bodies,
    digest: { orderNum: processedUpTo, value: r.digest },
    stateDigest,
  };
  return { frame, upTo, large };
}
