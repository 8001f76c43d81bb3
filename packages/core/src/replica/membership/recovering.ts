/**
 * A promoting replica processes messages that its predecessor may have died of one at a time, each only once all others
 * in sync know that it is the next one (DESIGN 5.14).
 */

import type { AckFrame } from '../../model/frames.js';
import { maxOf, minOf, NO_ORDER, type OrderNum } from '../../model/ids.js';
import type { Body } from '../../model/message.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { Member } from '../../model/record.js';
import { removeMembers, sameMember } from '../../record/transitions.js';
import { type Care, careFor } from '../poison/care.js';
import { HEARTBEATS_PER_LEASE } from '../release/fan-out.js';
import type { Entry } from '../state/message-order.js';
import type { Peer } from '../state/peers.js';
import type { PromotionState } from '../state/promotion-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { proposeChange } from './record-changes.js';

const NOTHING_KNOWN = { heldUpTo: NO_ORDER, toldUpTo: NO_ORDER };

/**
 * How many leases a peer may be silent before it leaves the set. Without any other peer, this replica would start a
 * suspect with no replica left to take over.
 */
const SILENT_LEASES = 3;

/** Whether the next adopted message must wait until the other replicas know that it is the next one. */
export function holdBackAdopted(m: PromotionState, entry: Entry): boolean {
  const { r } = m;
  const { orderNum } = entry.info;
  const care = careFor(r, entry);
  if (others(r).every(({ peer }) => knowsNext(peer, orderNum, care))) {
    m.heldBack = undefined;
    if (care.careful) r.deaths.carefulAt = orderNum;
    return false;
  }
  if (m.heldBack === orderNum) return true;
  m.heldBack = orderNum;
  askToTell(m);
  return true;
}

/** A peer acknowledged while this replica recovers. Its report on sessions counts only once this replica serves. */
export function onEarlyAck({ r }: PromotionState, from: Member, { heldUpTo, toldUpTo }: AckFrame): void {
  const peer = r.peers.get(from.id);
  if (peer === undefined || !sameMember(peer.member, from)) return;
  peer.lastHeardMs = r.nowMs;
  peer.heldUpTo = maxOf(peer.heldUpTo, minOf(heldUpTo, r.order.last));
  peer.toldUpTo = maxOf(peer.toldUpTo, minOf(toldUpTo, r.order.processedUpTo));
}

/** At a tick: tells the other replicas again, and goes on without those that are silent. */
export function remindPeers(m: PromotionState): void {
  const { r, heldBack } = m;
  const { record } = r;
  if (record === undefined || heldBack === undefined) return;
  const silent = others(r).filter(({ peer }) => peer === undefined || isSilent(r, peer));
  if (silent.length > 0) {
    const gone = silent.map(({ member }) => member);
    if (proposeChange(r, removeMembers(record, gone), 'silent')) {
      for (const { id } of gone) r.log('warn', 'a peer is silent; it leaves the in-sync set', { peer: id });
    }
  }
  if (r.nowMs - m.toldNextMs >= r.config.leaseMs / HEARTBEATS_PER_LEASE) askToTell(m);
}

const isSilent = (r: ReplicaState, { lastHeardMs, busyUntilMs, linkUp }: Peer): boolean =>
  r.nowMs - lastHeardMs > SILENT_LEASES * r.config.leaseMs && !(linkUp && r.nowMs <= busyUntilMs);

/** Has the other replicas told at the end of this turn. */
function askToTell(m: PromotionState): void {
  m.toldNextMs = m.r.nowMs;
  m.tellsNext = true;
  m.r.wantFlush();
}

function knowsNext(peer: Peer | undefined, orderNum: OrderNum, { careful, completeUpTo }: Care): boolean {
  const { heldUpTo, toldUpTo } = peer ?? NOTHING_KNOWN;
  return toldUpTo >= completeUpTo && (!careful || heldUpTo >= orderNum);
}

/** The other replicas in sync, each in the life that the record names. */
function others({ record, peers, self }: ReplicaState): { member: Member; peer: Peer | undefined }[] {
  const found: { member: Member; peer: Peer | undefined }[] = [];
  for (const member of record?.inSync ?? []) {
    if (sameMember(member, self)) continue;
    const peer = peers.get(member.id);
    found.push({ member, peer: peer !== undefined && sameMember(peer.member, member) ? peer : undefined });
  }
  return found;
}

/**
 * At the end of a turn: tells the other replicas which message is the next one, and that all messages before it are
 * processed.
 */
export function tellNext(m: PromotionState): void {
  const { r, heldBack: upTo } = m;
  if (!m.tellsNext || upTo === undefined) return;
  m.tellsNext = false;
  for (const { peer } of others(r)) {
    if (peer?.linkUp !== true) continue;
    const orders: OrderInfo[] = [];
    const bodies: Body[] = [];
    for (const { info, message } of r.order.entries.slice(maxOf(peer.heldUpTo, r.stableUpTo), upTo)) {
      orders.push(info);
      const request = message?.request;
      if (info.kind === 'call' && request !== undefined)
        bodies.push({ connection: info.connection, seqNum: info.seqNum, request });
    }
    const digest = { orderNum: r.order.processedUpTo, value: r.digest };
    // The frame carries no heartbeat of a serving primary, because peers report their sessions only once this replica
    // serves.
    const frame = {
      kind: 'announce',
      term: r.term,
      sentAtMs: 0,
      stableUpTo: r.stableUpTo,
      orders,
      bodies,
      digest,
      stateDigest: undefined,
    } as const;
    r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame });
  }
}
