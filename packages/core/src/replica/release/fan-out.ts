import type { ClientSession } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { AnnounceFrame, SeqItem } from '../../model/frames.js';
import { maxOf, minOf, type OrderNum } from '../../model/ids.js';
import type { Body } from '../../model/message.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { flushStreamCalls, takeItems } from '../streams/items.js';
import { echoDue, sendReplies } from './session-frames.js';

/** Without anything to announce, the primary is heard this many times in a lease. */
export const HEARTBEATS_PER_LEASE = 6;
/** This many announcements do not wait for more. */
const BATCH_MAX = 64;
const NO_ITEMS: readonly SeqItem[] = [];

/** The end of a turn at the primary: one frame for each receiver that has something coming. */
export function flushPrimary(p: PrimaryState): void {
  announceOverflow(p);
  p.itemsWait = false;
  for (const connection of p.r.connections.values()) flushSession(p, connection);
  if (p.streamCalls.size > 0) flushStreamCalls(p);
  flushPeers(p);
}

/** FIG. 7: more pending announcements than pendingSourceOrderMax travel in a null message, to clients where they reflect. */
function announceOverflow(p: PrimaryState): void {
  const { r } = p;
  if (r.config.multicast !== 'destination' || !p.order.nullMessageDue) return;
  carryToSessions(p);
}

/** Lets null messages carry what may leave: orders whose bodies survive with their clients (the release rule). */
export function carryToSessions(p: PrimaryState): void {
  const { r } = p;
  const upTo = minOf(r.order.last, (p.release.firstUnretained(p.order) - 1) as OrderNum);
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
  const items = session.streams.size > 0 ? takeItems(p, connection, session) : NO_ITEMS;
  const carried = maxOf(session.carriedUpTo, r.stableUpTo);
  const hasOrders = session.carryUpTo > carried;
  const hasReplies = session.replies.length > 0 || session.reads.length > 0 || items.length > 0;
  if (!hasOrders && !hasReplies && !owesWord(p, connection, session)) return;
  // The order of a reply that became stable since is not carried any more, so its client must be told.
  if (hasReplies) markStable(session, r.stableUpTo);
  const sourceOrderInfo = hasOrders ? p.order.multicastMessage(carried, session.carryUpTo) : [];
  session.carriedUpTo = maxOf(session.carriedUpTo, session.carryUpTo);
  sendReplies(r, session, sourceOrderInfo, items, r.stableUpTo);
}

function markStable({ replies, reads }: ClientSession, stableUpTo: OrderNum): void {
  for (const reply of replies) if (reply.orderNum <= stableUpTo) reply.stable = true;
  for (const reply of reads) if (reply.orderNum <= stableUpTo) reply.stable = true;
}

/** A session that gets nothing else hears when it may end, who is in sync, and that its heartbeats arrive. */
function owesWord(p: PrimaryState, connection: Connection, session: ClientSession): boolean {
  const { r } = p;
  if (session.closing && session.stableSent < r.stableUpTo && connection.lastOrder <= r.stableUpTo) return true;
  return !session.viewSent || echoDue(r, session);
}

/**
 * In sync, or on the way there. A replica that was removed hears nothing more, so that it asks to be let in again even
 * if it never heard that it was a member.
 */
export const isAnnouncedTo = (p: PrimaryState, peer: Peer): boolean =>
  peer.linkUp && (peer.learner === undefined ? p.stability.counts(peer) : peer.learner !== 'waiting');

/** Announcements to the primary's own replicas ([0095], FIG. 5), with the bodies that no session multicasts. */
function flushPeers(p: PrimaryState): void {
  const { r } = p;
  let shared: { frame: AnnounceFrame; from: OrderNum; target: OrderNum } | undefined;
  let gathering = false;
  for (const peer of r.peers.values()) {
    if (!isAnnouncedTo(p, peer)) continue;
    const learner = peer.learner !== undefined;
    const alike = !learner && !lacksSessions(r, peer);
    const target = learner || r.config.multicast === 'direct' ? r.order.last : p.localAnnounceUpTo;
    const from = maxOf(peer.announcedUpTo, peer.heldUpTo);
    if (target <= from && r.nowMs - peer.sentAtMs < r.config.leaseMs / HEARTBEATS_PER_LEASE) continue;
    if (mayWait(p, peer, target - from)) {
      gathering = true;
      continue;
    }
    let frame = alike && shared?.from === from && shared.target === target ? shared.frame : undefined;
    if (frame === undefined) {
      frame = announcement(p, peer, from, target);
      if (alike) shared = { frame, from, target };
    }
    r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame });
    peer.announcedUpTo = maxOf(from, target);
    peer.sentAtMs = r.nowMs;
  }
  p.batchSinceMs = gathering ? (p.batchSinceMs ?? r.nowMs) : undefined;
}

/**
 * Nobody waits for the backups: what goes to them may gather for a moment. The replies that have left carry these orders
 * themselves, so that a client holds them meanwhile ([0025], [0047]).
 */
function mayWait(p: PrimaryState, peer: Peer, announcements: number): boolean {
  const { r } = p;
  const { batchMs, unstableMax } = r.config;
  if (announcements === 0 || announcements >= Math.min(BATCH_MAX, unstableMax / 2)) return false;
  if (p.waiting.length > 0 || r.steppingDown !== undefined || peer.learner !== undefined) return false;
  if (p.urgentUpTo > peer.announcedUpTo) return false;
  return p.batchSinceMs === undefined ? batchMs > 0 : r.nowMs - p.batchSinceMs < batchMs;
}

/** A session that this peer has not heard of yet may have no stream to it: its bodies go along with their orders. */
function lacksSessions(r: ReplicaState, peer: Peer): boolean {
  for (const connection of r.connections.values()) {
    if (connection.session !== undefined && !peer.registered.has(connection.id)) return true;
  }
  return false;
}

function announcement(p: PrimaryState, peer: Peer, from: OrderNum, target: OrderNum): AnnounceFrame {
  const { r } = p;
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
