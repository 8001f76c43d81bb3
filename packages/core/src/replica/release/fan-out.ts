import type { ClientSession } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { AnnounceFrame, ReadReply, SeqItem, SeqReply } from '../../model/frames.js';
import { maxOf, minOf, NO_ORDER, type OrderNum } from '../../model/ids.js';
import type { Body } from '../../model/message.js';
import type { OrderInfo } from '../../ordering/order-info.js';
import { adoptionPublished } from '../../record/transitions.js';
import type { Peer } from '../membership/peers.js';
import { orderOf } from '../order/ordering.js';
import type { ReplicaState } from '../state.js';
import { flushStreamCalls, takeItems } from '../streams/items.js';

/** Without anything to announce, the primary is heard this many times in a lease. */
export const HEARTBEATS_PER_LEASE = 6;
/** This many announcements do not wait for more. */
const BATCH_MAX = 64;
const NO_REPLIES: readonly SeqReply[] = [];
const NO_READS: readonly ReadReply[] = [];
const NO_ITEMS: readonly SeqItem[] = [];

/** The end of a turn: one frame for each receiver that has something coming. */
export function flush(r: ReplicaState): void {
  r.wantsFlush = false;
  if (r.isPrimary) {
    announceOverflow(r);
    r.itemsWait = false;
    for (const connection of r.connections.values()) flushSession(r, connection);
    if (r.streamCalls.size > 0) flushStreamCalls(r);
    flushPeers(r);
  } else {
    for (const connection of r.connections.values()) echoHeartbeat(r, connection);
    if (r.ackDue) flushAck(r);
    if (r.steppingDown !== undefined && r.role === 'joining') {
      r.effects.push({ kind: 'stopped', handedOverTo: undefined });
    }
  }
}

/** FIG. 7: more pending announcements than pendingSourceOrderMax travel in a null message, to clients where they reflect. */
function announceOverflow(r: ReplicaState): void {
  if (r.config.multicast !== 'destination' || !orderOf(r).nullMessageDue) return;
  carryToSessions(r);
}

/** Lets null messages carry what may leave: orders whose bodies survive with their clients (the release rule). */
export function carryToSessions(r: ReplicaState): void {
  const upTo = minOf(r.order.last, (r.release.firstUnretained(orderOf(r)) - 1) as OrderNum);
  if (!r.holdsLease()) return;
  for (const connection of r.connections.values()) {
    const { session } = connection;
    if (session?.link === undefined || !r.release.registered(connection)) continue;
    session.carryUpTo = maxOf(session.carryUpTo, upTo);
  }
}

function flushSession(r: ReplicaState, connection: Connection): void {
  const { session } = connection;
  if (session?.link === undefined) return;
  const items = session.streams.size > 0 ? takeItems(r, connection, session) : NO_ITEMS;
  const carried = maxOf(session.carriedUpTo, r.stableUpTo);
  const hasOrders = session.carryUpTo > carried;
  const hasReplies = session.replies.length > 0 || session.reads.length > 0 || items.length > 0;
  if (!hasOrders && !hasReplies && !owesWord(r, connection, session)) return;
  // The order of a reply that became stable since is not carried any more, so its client must be told.
  if (hasReplies) markStable(session, r.stableUpTo);
  const sourceOrderInfo = hasOrders ? orderOf(r).multicastMessage(carried, session.carryUpTo) : [];
  session.carriedUpTo = maxOf(session.carriedUpTo, session.carryUpTo);
  sendReplies(r, session, sourceOrderInfo, items);
}

function markStable({ replies, reads }: ClientSession, stableUpTo: OrderNum): void {
  for (const reply of replies) if (reply.orderNum <= stableUpTo) reply.stable = true;
  for (const reply of reads) if (reply.orderNum <= stableUpTo) reply.stable = true;
}

/** A session that gets nothing else hears when it may end, who is in sync, and that its heartbeats arrive. */
function owesWord(r: ReplicaState, connection: Connection, session: ClientSession): boolean {
  if (session.closing && session.stableSent < r.stableUpTo && connection.lastOrder <= r.stableUpTo) return true;
  return !session.viewSent || echoDue(r, session);
}

const echoDue = (r: ReplicaState, session: ClientSession): boolean =>
  session.heartbeatMs > session.echoedMs && r.nowMs - session.echoedAtMs > r.config.sessionMs / 6;

function echoHeartbeat(r: ReplicaState, connection: Connection): void {
  const { session } = connection;
  if (session?.link === undefined) return;
  if (echoDue(r, session) || !session.viewSent) sendReplies(r, session, []);
}

function sendReplies(
  r: ReplicaState,
  session: ClientSession,
  sourceOrderInfo: OrderInfo[],
  items: readonly SeqItem[] = NO_ITEMS,
): void {
  const { link, heartbeatMs, viewSent } = session;
  if (link === undefined) return;
  // What is gathered from now on belongs to the next frame; this one may still be on its way, as it is.
  const replies = session.replies.length > 0 ? session.replies : NO_REPLIES;
  const reads = session.reads.length > 0 ? session.reads : NO_READS;
  const { stableUpTo } = r;
  const header = { term: r.term, sourceOrderInfo, stableUpTo: r.isPrimary ? stableUpTo : NO_ORDER, heartbeatMs };
  r.effects.push({
    kind: 'sendToSession',
    link,
    frame: { kind: 'replies', header: viewSent ? header : { ...header, view: r.view }, replies, reads, items },
  });
  if (replies !== NO_REPLIES) session.replies = [];
  if (reads !== NO_READS) session.reads = [];
  session.viewSent = true;
  session.echoedMs = heartbeatMs;
  session.echoedAtMs = r.nowMs;
  session.stableSent = stableUpTo;
}

/**
 * In sync, or on the way there. A replica that was removed hears nothing more, so that it asks to be let in again even
 * if it never heard that it was a member.
 */
export const isAnnouncedTo = (r: ReplicaState, peer: Peer): boolean =>
  peer.linkUp && (peer.learner === undefined ? r.stability.counts(peer) : peer.learner !== 'waiting');

/** Announcements to the primary's own replicas ([0095], FIG. 5), with the bodies that no session multicasts. */
function flushPeers(r: ReplicaState): void {
  let shared: { frame: AnnounceFrame; from: OrderNum; target: OrderNum } | undefined;
  let gathering = false;
  for (const peer of r.peers.values()) {
    if (!isAnnouncedTo(r, peer)) continue;
    const learner = peer.learner !== undefined;
    const alike = !learner && !lacksSessions(r, peer);
    const target = learner || r.config.multicast === 'direct' ? r.order.last : r.localAnnounceUpTo;
    const from = maxOf(peer.announcedUpTo, peer.heldUpTo);
    if (target <= from && r.nowMs - peer.sentAtMs < r.config.leaseMs / HEARTBEATS_PER_LEASE) continue;
    if (mayWait(r, peer, target - from)) {
      gathering = true;
      continue;
    }
    let frame = alike && shared?.from === from && shared.target === target ? shared.frame : undefined;
    if (frame === undefined) {
      frame = announcement(r, peer, from, target);
      if (alike) shared = { frame, from, target };
    }
    r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame });
    peer.announcedUpTo = maxOf(from, target);
    peer.sentAtMs = r.nowMs;
  }
  r.batchSinceMs = gathering ? (r.batchSinceMs ?? r.nowMs) : undefined;
}

/**
 * Nobody waits for the backups: what goes to them may gather for a moment. The replies that have left carry these orders
 * themselves, so that a client holds them meanwhile ([0025], [0047]).
 */
function mayWait(r: ReplicaState, peer: Peer, announcements: number): boolean {
  const { batchMs, unstableMax } = r.config;
  if (announcements === 0 || announcements >= Math.min(BATCH_MAX, unstableMax / 2)) return false;
  if (r.waiting.length > 0 || r.steppingDown !== undefined || peer.learner !== undefined) return false;
  if (r.urgentUpTo > peer.announcedUpTo) return false;
  return r.batchSinceMs === undefined ? batchMs > 0 : r.nowMs - r.batchSinceMs < batchMs;
}

/** A session that this peer has not heard of yet may have no stream to it: its bodies go along with their orders. */
function lacksSessions(r: ReplicaState, peer: Peer): boolean {
  for (const connection of r.connections.values()) {
    if (connection.session !== undefined && !peer.registered.has(connection.id)) return true;
  }
  return false;
}

function announcement(r: ReplicaState, peer: Peer, from: OrderNum, target: OrderNum): AnnounceFrame {
  const orders: OrderInfo[] = [];
  const bodies: Body[] = [];
  for (const { info, message } of r.order.entries.slice(from, target)) {
    orders.push(info);
    const request = message?.request;
    if (request === undefined || info.kind !== 'call') continue;
    if (peer.learner !== undefined || !peer.registered.has(info.connection)) {
      bodies.push({ connection: info.connection, seqNum: info.seqNum, request });
    }
  }
  const { processedUpTo } = r.order;
  return {
    kind: 'announce',
    term: r.term,
    sentAtMs: r.nowMs,
    stableUpTo: r.stableUpTo,
    orders,
    bodies,
    digest: { orderNum: processedUpTo, value: r.digest },
  };
}

/** Backup → primary: how far, for which sessions it answers, and whether it leaves. */
function flushAck(r: ReplicaState): void {
  const primary = r.record?.primary;
  const peer = primary && r.peers.get(primary.id);
  if (peer === undefined || !peer.linkUp || r.role === 'promoting') return;
  if (r.role === 'joining' && !r.joined) return;
  r.ackDue = false;
  const registered = [];
  const unregistered = [];
  for (const { id, session } of r.connections.values()) {
    if (session?.registered === true && !r.reported.has(id)) registered.push(id);
  }
  for (const id of r.reported) if (r.connections.get(id)?.session?.registered !== true) unregistered.push(id);
  for (const id of registered) r.reported.add(id);
  for (const id of unregistered) r.reported.delete(id);
  const afresh = r.reportAfresh;
  r.reportAfresh = false;
  r.effects.push({
    kind: 'sendToPeer',
    peer: peer.member.id,
    frame: {
      kind: 'ack',
      term: r.term,
      heartbeatMs: r.heartbeatMs,
      heldUpTo: certainlyHeldUpTo(r),
      processedUpTo: r.order.processedUpTo,
      afresh,
      registered,
      unregistered,
      divergedAt: r.divergedAt,
      leaving: r.steppingDown !== undefined,
    },
  });
}

/**
 * Before the promotion has said how far it adopted, what is held beyond what is stable may never have happened; the new
 * primary would take it for orders of its own.
 */
function certainlyHeldUpTo(r: ReplicaState): OrderNum {
  const { heldUpTo } = r.order;
  return /* rule held-for-certain */ r.record === undefined || adoptionPublished(r.record)
    ? heldUpTo
    : minOf(heldUpTo, r.stableUpTo);
}
