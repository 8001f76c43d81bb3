import type { AnnounceFrame, NackFrame, NewTermFrame } from '../../model/frames.js';
import type { ConnectionId, SeqNum } from '../../model/ids.js';
import { maxOf, next } from '../../model/ids.js';
import type { Body } from '../../model/message.js';
import { type OrderInfo, seqNumOf } from '../../ordering/order-info.js';
import type { Member } from '../../record/record.js';
import { claim, isInSync, sameMember } from '../../record/transitions.js';
import { takeAhead } from '../checkpoint/checkpoints.js';
import { truncateLog } from '../checkpoint/log-bounds.js';
import { compareDigests } from '../execute/processing.js';
import { receiveBody } from '../intake/requests.js';
import { backupReceivesOrders } from '../order/backup-receive.js';
import { CLOCK_DRIFT, HAND_OVER_LEASES, NACK_AFTER_MS, type ReplicaState } from '../state.js';
import { proposeChange } from './record-changes.js';

/** What a backup logs when the lease of its primary has run out and it asks the coordinator for the group. */
export const CLAIMS = 'primary is silent, claims';

/** What is missing for this long is asked of its session too. */
const NACK_SESSIONS_AFTER_MS = 60;

/** The primary announces, or is just alive. */
export function onAnnounce(r: ReplicaState, frame: AnnounceFrame): void {
  if (r.role === 'joining' && !r.joined) return;
  r.lastHeartbeatMs = r.nowMs;
  // It serves from now on; what it was told of sessions while it was on the way there, it has not kept.
  /* rule reports-to-who-serves */ if (r.heartbeatMs === 0) r.forgetReports();
  r.heartbeatMs = maxOf(r.heartbeatMs, frame.sentAtMs);
  r.stableUpTo = maxOf(r.stableUpTo, frame.stableUpTo);
  onBodies(r, frame.bodies);
  backupReceivesOrders(r, frame.orders);
  takeAhead(r);
  /* rule truncate-backup-log */ truncateLog(r);
  if (frame.digest !== undefined && r.expectedDigest === undefined && r.config.replication === 'semi-active') {
    r.expectedDigest = frame.digest;
    compareDigests(r);
  }
  r.ackDue = true;
  r.wantsFlush = true;
}

export function onBodies(r: ReplicaState, bodies: readonly Body[]): void {
  for (const { connection, seqNum, request } of bodies) {
    receiveBody(r, r.connections.open(connection), seqNum, request);
  }
}

/** A promoting replica asks: from now on older terms are refused, and this is all that is held here. */
export function promise(r: ReplicaState, to: Member, frame: NewTermFrame): void {
  const orders: OrderInfo[] = [];
  const bodies: Body[] = [];
  for (const { info, message } of r.order.entries.slice(frame.heldUpTo, r.order.last)) {
    orders.push(info);
    if (message?.request !== undefined) {
      bodies.push({ connection: message.connection, seqNum: message.seqNum, request: message.request });
    }
  }
  orders.push(...r.backupOrder.pendingDestOrder.values());
  r.effects.push({ kind: 'sendToPeer', peer: to.id, frame: { kind: 'promise', term: r.term, orders, bodies } });
}

export function backupTick(r: ReplicaState): void {
  if (r.steppingDown !== undefined) leaveInTime(r, r.steppingDown.sinceMs);
  claimIfSilent(r);
  /* rule ask-for-missing */ askForMissing(r);
}

/** What it says of its leaving may be lost, or the primary; then it goes without an answer. */
function leaveInTime(r: ReplicaState, sinceMs: number): void {
  r.ackDue = true;
  r.wantsFlush = true;
  if (r.nowMs - sinceMs < HAND_OVER_LEASES * r.config.leaseMs) return;
  r.effects.push({ kind: 'stopped', handedOverTo: undefined });
}

/** The lease of the primary has run out for certain: this replica may take over (DESIGN 5.5). */
function claimIfSilent(r: ReplicaState): void {
  const { record } = r;
  if (r.role !== 'backup' || record === undefined || !isInSync(record, r.self)) return;
  if (r.nowMs - r.lastHeartbeatMs <= /* rule claim-after-lease */ r.config.leaseMs * (1 + CLOCK_DRIFT)) return;
  if (proposeChange(r, claim(record, r.self), 'claim')) {
    r.log('warn', CLAIMS, { primary: record.primary.id, silentMs: r.nowMs - r.lastHeartbeatMs });
  }
}

/** Gaps: orders that were announced around, bodies that did not come ([0096]). Peers are asked first, then sessions. */
function askForMissing(r: ReplicaState): void {
  const missing = missingBodies(r);
  const hasGap = r.backupOrder.hasGap;
  if (missing.length === 0 && !hasGap) {
    r.missingSinceMs = Number.POSITIVE_INFINITY;
    return;
  }
  if (r.missingSinceMs === Number.POSITIVE_INFINITY) r.missingSinceMs = r.nowMs;
  if (r.nowMs - r.missingSinceMs < NACK_AFTER_MS || r.nowMs - r.nackedMs < NACK_AFTER_MS) return;
  r.nackedMs = r.nowMs;
  const primary = r.record?.primary;
  if (primary !== undefined && r.peers.get(primary.id)?.linkUp) {
    const ordersAfter = hasGap ? r.order.last : undefined;
    const frame: NackFrame = { kind: 'nack', term: r.term, ordersAfter, bodies: missing };
    r.effects.push({ kind: 'sendToPeer', peer: primary.id, frame });
  }
  if (r.nowMs - r.missingSinceMs < NACK_SESSIONS_AFTER_MS) return;
  for (const { connection, seqNum } of missing) {
    const link = r.connections.get(connection)?.session?.link;
    if (link !== undefined) r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'nack', seqNums: [seqNum] } });
  }
}

function missingBodies(r: ReplicaState): { connection: ConnectionId; seqNum: SeqNum }[] {
  const first = r.order.entries.get(next(r.order.heldUpTo));
  if (first === undefined) return [];
  return r.order.entries
    .slice(r.order.heldUpTo, r.order.last)
    .filter(({ message }) => message?.lacksBody)
    .slice(0, 256)
    .map(({ info }) => ({ connection: info.connection, seqNum: seqNumOf(info) }));
}

/** Whether a frame of the primary's comes from the one that the record names. */
export const isFromPrimary = (r: ReplicaState, from: Member): boolean =>
  r.record !== undefined && sameMember(r.record.primary, from);
