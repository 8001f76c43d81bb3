/**
 * The duties of a backup: it follows announcements, asks for what is missing, and claims when the primary is silent.
 */

import { blockedMaxMs, CLOCK_DRIFT } from '../../config/clock.js';
import type { Message } from '../../connection/message.js';
import type { AnnounceFrame, NackFrame, NewTermFrame } from '../../model/frames.js';
import type { ConnectionId, SeqNum } from '../../model/ids.js';
import { maxOf, next } from '../../model/ids.js';
import type { Body } from '../../model/message.js';
import { type OrderInfo, seqNumOf } from '../../model/order-info.js';
import type { GroupRecord, Member } from '../../model/record.js';
import { claim, isInSync, sameMember } from '../../record/transitions.js';
import { takeAhead } from '../checkpoint/checkpoints.js';
import { truncateLog } from '../checkpoint/log-bounds.js';
import { compareDigests } from '../execute/divergence.js';
import { onPrimaryDigest } from '../execute/states.js';
import { receiveBody } from '../intake/bodies.js';
import { backupReceivesOrders } from '../order/backup-receive.js';
import { takesCare } from '../poison/care.js';
import type { FollowerState } from '../state/follower-state.js';
import { HAND_OVER_LEASES, NACK_AFTER_MS, type ReplicaState } from '../state/replica-state.js';
import { hasOtherCode } from '../upgrade/others.js';
import { proposeChange } from './record-changes.js';

/** The log event of a backup that proposes itself as the new primary because the old one's lease has run out. */
export const CLAIMS = 'the primary is silent; this replica claims its place';

const CANNOT_CLAIM = "the primary is silent, and nobody takes its place while the group's record is lost";

/** A body that has been missing for this many milliseconds is also requested from its session. */
const NACK_SESSIONS_AFTER_MS = 60;
/**
 * A large body is not requested before its session has had this many milliseconds to send it; otherwise the primary
 * would send it a second time. No session may delay the stability of orders for longer than this.
 */
const COMING_WITHIN_MS = 500;

/** The primary sent announcements, or only a heartbeat. */
export function onAnnounce(f: FollowerState, frame: AnnounceFrame): void {
  const { r } = f;
  f.heard();
  // The primary serves from now on. It has not kept reports about sessions from the time of its promotion.
  /* rule reports-to-who-serves */ if (f.heartbeatMs === 0) f.forgetReports();
  // A claim that is under way may win at any moment, so nothing may extend the old primary's lease.
  if (/* rule no-ack-while-claiming */ r.changeInFlight === undefined)
    f.heartbeatMs = maxOf(f.heartbeatMs, frame.sentAtMs);
  r.stableUpTo = maxOf(r.stableUpTo, frame.stableUpTo);
  // The orders come before the bodies because they name the bodies to take.
  backupReceivesOrders(f, frame.orders);
  onBodies(r, frame.bodies);
  takeAhead(f);
  /* rule truncate-backup-log */ truncateLog(r);
  if (frame.digest !== undefined) f.completed(frame.digest.orderNum, frame.term);
  if (frame.digest !== undefined && f.expectedDigest === undefined && !r.followsByCopy) {
    f.expectedDigest = frame.digest;
    compareDigests(f);
  }
  if (frame.stateDigest !== undefined) onPrimaryDigest(f, frame.stateDigest);
  f.acknowledge();
}

/** A peer sent bodies. */
export function onBodies(r: ReplicaState, bodies: readonly Body[]): void {
  for (const { connection, seqNum, request } of bodies) {
    receiveBody(r, r.connections.open(connection), seqNum, request);
  }
}

/**
 * Answers a promoting replica: from now on this replica refuses older terms, and it sends everything that it holds
 * beyond what the promoting replica has.
 */
export function promise(f: FollowerState, to: Member, frame: NewTermFrame): void {
  const { r, backupOrder } = f;
  f.forgetCut();
  const orders: OrderInfo[] = [];
  const bodies: Body[] = [];
  for (const { info, message } of r.order.entries.slice(frame.heldUpTo, r.order.last)) {
    orders.push(info);
    if (message?.request !== undefined) {
      bodies.push({ connection: message.connection, seqNum: message.seqNum, request: message.request });
    }
  }
  orders.push(...backupOrder.pendingDestOrder.values());
  const answer = { kind: 'promise', term: r.term, completedUpTo: f.completedUpTo, orders, bodies } as const;
  r.effects.push({ kind: 'sendToPeer', peer: to.id, frame: answer });
}

/**
 * A backup that steps down repeats that it leaves, and stops without an answer after a bounded time, since the message
 * or the primary may be lost.
 */
export function leaveInTime(f: FollowerState): void {
  const { r } = f;
  if (r.steppingDown === undefined) return;
  f.acknowledge();
  if (r.nowMs - r.steppingDown.sinceMs < HAND_OVER_LEASES * r.config.leaseMs) return;
  r.effects.push({ kind: 'stopped', handedOverTo: undefined });
}

/**
 * Takes over if the primary's lease has certainly run out (DESIGN 5.5). The liveness thread may have acknowledged
 * something since it was last asked, so it must have ended its duty before this replica claims.
 */
export function claimIfSilent(f: FollowerState): void {
  const { r } = f;
  const { record } = r;
  if (record === undefined || !isInSync(record, r.self) || r.changeInFlight !== undefined) return;
  const silentMs = /* rule claim-after-lease */ r.config.leaseMs * (1 + CLOCK_DRIFT);
  if (r.nowMs - f.lastHeartbeatMs <= silentMs) {
    f.withdrawn = false;
    return;
  }
  if (r.lost !== undefined) {
    if (!r.lost.claimTold) r.log('error', CANNOT_CLAIM, { primary: record.primary.id });
    r.lost.claimTold = true;
    return;
  }
  const peer = r.peers.get(record.primary.id);
  // The link ends with the primary's process, though a new process may have taken its name since.
  const isThere = peer?.linkUp === true && sameMember(peer.member, record.primary);
  const isBusy = r.nowMs <= f.excusedUntilMs && isThere;
  if (/* rule wait-for-busy */ isBusy) return;
  // Another backup ran the same code as the primary, so it can take over without replaying orders with other code.
  const waits = /* rule same-code-first */ hasOtherCode(r, r.leadership) && someoneExecutes(r, record);
  if (waits && r.nowMs - f.lastHeartbeatMs <= silentMs + r.config.leaseMs) return;
  f.withdrawn = true;
  if (/* rule withdraw-before-claim */ r.delegates && (r.duty.kind !== 'none' || r.dutyChanges)) return;
  if (proposeChange(r, claim(record, r.self, r.leadership, takesCare(r)), 'claim')) {
    r.log('warn', CLAIMS, { primary: record.primary.id, silentMs: r.nowMs - f.lastHeartbeatMs });
  }
}

/** Whether this replica has a link to another backup in sync that has the primary's own code. */
const someoneExecutes = (r: ReplicaState, record: GroupRecord): boolean =>
  record.inSync.some((member) => {
    const peer = r.peers.get(member.id);
    if (member.id === record.primary.id || peer?.linkUp !== true || peer.brings === undefined) return false;
    return sameMember(peer.member, member) && !hasOtherCode(r, peer.brings);
  });

/**
 * Reads the record if the main link has been silent for longer than a main thread may be blocked: the primary may have
 * removed this replica, and the primary's liveness thread would not tell.
 */
export function readIfForgotten(f: FollowerState): void {
  const { r } = f;
  if (r.nowMs - f.lastFrameMs <= blockedMaxMs(r.config)) return;
  f.lastFrameMs = r.nowMs;
  r.effects.push({ kind: 'readRecord' });
}

/** Asks for orders in a gap and for bodies that did not arrive ([0096]): the primary first, sessions later. */
export function askForMissing(f: FollowerState): void {
  const { r } = f;
  const missing = missingBodies(r);
  const hasGap = f.backupOrder.hasGap;
  if (missing.length === 0 && !hasGap) {
    f.missingSinceMs = Number.POSITIVE_INFINITY;
    return;
  }
  if (f.missingSinceMs === Number.POSITIVE_INFINITY) f.missingSinceMs = r.nowMs;
  if (r.nowMs - f.missingSinceMs < NACK_AFTER_MS || r.nowMs - f.nackedMs < NACK_AFTER_MS) return;
  f.nackedMs = r.nowMs;
  const primary = r.record?.primary;
  if (primary !== undefined && r.peers.get(primary.id)?.linkUp) {
    const ordersAfter = hasGap ? r.order.last : undefined;
    const frame: NackFrame = { kind: 'nack', term: r.term, ordersAfter, bodies: missing };
    r.effects.push({ kind: 'sendToPeer', peer: primary.id, frame });
  }
  if (r.nowMs - f.missingSinceMs < NACK_SESSIONS_AFTER_MS) return;
  for (const { connection, seqNum } of missing) {
    const known = r.connections.get(connection);
    const link = known?.messages.get(seqNum)?.refused ? undefined : known?.session?.link;
    if (link !== undefined) r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'nack', seqNums: [seqNum] } });
  }
}

/** Whether the session of a message said lately that its body follows on the link that it has. */
function isComing(r: ReplicaState, { connection, seqNum }: Message): boolean {
  const session = r.connections.get(connection)?.session;
  const sinceMs = session?.link === undefined ? undefined : session.announcedAtMs(seqNum);
  return sinceMs !== undefined && r.nowMs - sinceMs < COMING_WITHIN_MS;
}

function missingBodies(r: ReplicaState): { connection: ConnectionId; seqNum: SeqNum }[] {
  const first = r.order.entries.get(next(r.order.heldUpTo));
  if (first === undefined) return [];
  return r.order.entries
    .slice(r.order.heldUpTo, r.order.last)
    .filter(({ message }) => message?.lacksBody && !isComing(r, message))
    .slice(0, 256)
    .map(({ info }) => ({ connection: info.connection, seqNum: seqNumOf(info) }));
}

/** Whether a frame that only a primary sends comes from the primary that the record names. */
export const isFromPrimary = (r: ReplicaState, from: Member): boolean =>
  r.record !== undefined && sameMember(r.record.primary, from);
