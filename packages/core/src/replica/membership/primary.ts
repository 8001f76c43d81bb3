import type { AckFrame, JoinFrame, NackFrame } from '../../model/frames.js';
import type { ConnectionId, OrderNum, SeqNum } from '../../model/ids.js';
import { maxOf, minOf, NO_ORDER } from '../../model/ids.js';
import type { Body, Request } from '../../model/message.js';
import { PrimaryOrder } from '../../ordering/primary-order.js';
import type { Member } from '../../record/record.js';
import { handOver, sameMember } from '../../record/transitions.js';
import { backlogCopied, boundBacklog } from '../checkpoint/backlog.js';
import { checkpointIfDue, isCopied, releaseCheckpoint, startFromBase } from '../checkpoint/checkpoints.js';
import { truncateLog } from '../checkpoint/log-bounds.js';
import { resumeOutstanding, voidUnordered } from '../intake/sessions.js';
import { sendDue } from '../nested/nested.js';
import { advanceStable, releaseWaiting } from '../order/ordering.js';
import { carryToSessions, HEARTBEATS_PER_LEASE, isAnnouncedTo } from '../release/fan-out.js';
import { HAND_OVER_LEASES, type ReplicaState } from '../state.js';
import { awaitAsks } from '../streams/intercepted.js';
import type { Peer } from './peers.js';
import { connectPeers, isMember, proposeAddition, proposeChange, proposeRemoval } from './record-changes.js';

/** A learner this close to the newest order enters the set; what it lacks is on its way. */
const CAUGHT_UP_WITHIN = 64;

/** Begins to order and to answer. Everything that was adopted is processed. */
export function startServing(r: ReplicaState): void {
  r.stableUpTo = minOf(r.stableUpTo, r.order.last);
  const adopted = r.order.entries.slice(r.stableUpTo, r.order.last).map(({ info }) => info);
  r.primaryOrder = new PrimaryOrder(r.term, r.stableUpTo, adopted, r.config.pendingSourceOrderMax);
  r.localAnnounceUpTo = r.order.last;
  r.unstableSinceMs = adopted.length > 0 ? r.nowMs : Number.POSITIVE_INFINITY;
  r.collection = undefined;
  r.checkpointAhead = undefined;
  r.peers.startTerm(r.nowMs, r.stableUpTo);
  r.requireMembers();
  tellPeers(r);
  advanceStable(r);
  cancelForeign(r);
  awaitAsks(r);
  resumeConnections(r);
  /* rule nested-sent-again */ r.nested.sendAgain();
  sendDue(r);
  backlogCopied(r, r.checkpoint?.orderNum ?? NO_ORDER);
  r.checkpointDueAt = maxOf(r.checkpointDueAt, r.order.processedUpTo);
  r.wantsFlush = true;
}

/** Streams of clients without our interceptor do not outlive the primary that their RPC went to. */
function cancelForeign(r: ReplicaState): void {
  for (const connection of r.connections.values()) {
    if (connection.kind !== 'plain' || connection.id === r.plain) continue;
    for (const { id } of connection.streams.values()) r.scheduler.add({ kind: 'cancel', connection, stream: id });
  }
}

/** First word of a term on every stream: the record, with what the promotion adopted. */
export function tellPeers(r: ReplicaState): void {
  for (const peer of r.peers.values()) if (peer.linkUp) tellPeer(r, peer.member);
}

export function tellPeer(r: ReplicaState, member: Member): void {
  const { record } = r;
  if (record === undefined) return;
  const frame = { kind: 'newTerm', record, collect: false, heldUpTo: r.order.heldUpTo } as const;
  r.effects.push({ kind: 'sendToPeer', peer: member.id, frame });
}

/**
 * Messages without an order: those that a live session says are outstanding are ordered afresh; all others are voided,
 * so that nothing a dead client sent is executed behind the back of whoever took over from it.
 */
function resumeConnections(r: ReplicaState): void {
  for (const connection of r.connections.values()) {
    const { session, repliesSeenUpTo } = connection;
    connection.coverUpTo(repliesSeenUpTo);
    connection.forgetUnordered(repliesSeenUpTo);
    if (session?.collected !== undefined) {
      resumeOutstanding(r, connection, session.peer);
      continue;
    }
    // Its stream is up, as far as this replica knows: it tells what it waits for, or its stream ends.
    if (session?.link === undefined) voidUnordered(r, connection);
  }
}

/** A backup says how far it is. Only what it acknowledged in this term, on its present life, counts. */
export function onAck(r: ReplicaState, from: Member, frame: AckFrame): void {
  const peer = r.peers.get(from.id);
  if (frame.term !== r.term || peer === undefined || !sameMember(peer.member, from)) return;
  peer.lastHeardMs = r.nowMs;
  // Until it holds the checkpoint that it was given, what it says comes from an earlier start, and counts for nothing.
  /* rule earlier-start */ if (peer.learner !== undefined && !peer.confirmed && frame.heldUpTo < peer.heldUpTo) return;
  if (peer.learner !== 'waiting') {
    peer.ackedHeartbeatMs = maxOf(peer.ackedHeartbeatMs, /* rule lease-from-sending */ frame.heartbeatMs);
    peer.heldUpTo = maxOf(peer.heldUpTo, minOf(frame.heldUpTo, r.order.last));
    peer.processedUpTo = maxOf(peer.processedUpTo, frame.processedUpTo);
    peer.confirmed = true;
  }
  /* rule reports-afresh */ if (frame.afresh) peer.registered.clear();
  for (const id of frame.unregistered) peer.registered.delete(id);
  for (const id of frame.registered) peer.registered.add(id);
  if (frame.afresh || frame.registered.length > 0 || frame.unregistered.length > 0) r.release.changed();
  if (frame.divergedAt !== undefined) onDiverged(r, peer, frame.divergedAt);
  if (/* rule let-leave */ frame.leaving) letLeave(r, peer);
  else if (peer.learner !== undefined) admitLearner(r, peer);
  progress(r);
}

/** Acknowledgments, registrations or the set changed: orders may be stable, replies may leave. */
export function progress(r: ReplicaState): void {
  advanceStable(r);
  releaseWaiting(r);
  sendDue(r);
  releaseCheckpoint(r);
  truncateLog(r);
}

/** A replica stops in good order: nobody has to wait until it is silent. It acknowledges until it is out of the set. */
function letLeave(r: ReplicaState, peer: Peer): void {
  peer.leaving = true;
  if (r.record === undefined) return;
  if (isMember(r.record.inSync, peer.member)) proposeRemoval(r, [peer.member], 'leaving');
  else if (peer.learner !== undefined) dropLearner(r, peer);
  else tellPeer(r, peer.member);
}

function onDiverged(r: ReplicaState, peer: Peer, orderNum: OrderNum): void {
  if (r.record === undefined || !isMember(r.record.inSync, peer.member)) return;
  r.log('error', 'UNDERSTUDY_DIVERGED', { peer: peer.member.id, orderNum });
  r.differedUpTo = maxOf(r.differedUpTo, orderNum);
  proposeRemoval(r, [peer.member], 'diverged');
}

/** A replica outside the set wants to catch up. An older life of it, if it is in the set, is gone for certain. */
export function onJoin(r: ReplicaState, { member, address }: JoinFrame): void {
  const { record } = r;
  if (record === undefined || isMember(record.inSync, member)) return;
  const older = record.inSync.find((other) => other.id === member.id);
  if (older !== undefined) proposeRemoval(r, [older], 'restarted');
  const peer = r.peers.open(member, r.nowMs);
  peer.lastHeardMs = r.nowMs;
  peer.learner ??= 'waiting';
  if (peer.address !== address) {
    peer.address = address;
    connectPeers(r);
  }
  if (startFromBase(r, peer)) return;
  if (peer.learner === 'waiting' && peer.linkUp && r.checkpointUnstable === undefined) r.checkpointWanted = true;
}

/** A learner's way into the set: close enough, then counted, then holding all that was released, then in the record. */
function admitLearner(r: ReplicaState, peer: Peer): void {
  const isClose = r.order.last - peer.heldUpTo <= CAUGHT_UP_WITHIN;
  // From when it counts its heartbeats are part of the lease: without one, every reply would wait for the next.
  const isHeard = r.nowMs - peer.ackedHeartbeatMs < r.config.leaseMs / 2;
  if (peer.learner === 'following' && isClose && /* rule heard-before-it-counts */ isHeard) {
    peer.learner = 'entering';
    peer.enteredAt = r.order.last;
    r.requireMembers();
  }
  if (
    peer.learner !== 'entering' ||
    peer.address === undefined ||
    /* rule enter-with-all-released */ peer.heldUpTo < peer.enteredAt
  )
    return;
  proposeAddition(r, peer.member, peer.address);
}

/** A backup lacks orders or bodies. */
export function onNack(r: ReplicaState, from: Member, frame: NackFrame): void {
  const peer = r.peers.get(from.id);
  if (peer === undefined || frame.term !== r.term) return;
  if (frame.ordersAfter !== undefined) {
    peer.announcedUpTo = minOf(peer.announcedUpTo, maxOf(frame.ordersAfter, peer.heldUpTo));
    r.localAnnounceUpTo = r.order.last;
    r.wantsFlush = true;
  }
  const bodies: Body[] = [];
  for (const { connection, seqNum } of frame.bodies) {
    const request = findBody(r, connection, seqNum);
    if (request !== undefined) bodies.push({ connection, seqNum, request });
  }
  if (bodies.length > 0) r.effects.push({ kind: 'sendToPeer', peer: from.id, frame: { kind: 'bodies', bodies } });
}

/** The log outlives the records of a connection: a backup may lack what came before the end of one. */
function findBody(r: ReplicaState, id: ConnectionId, seqNum: SeqNum): Request | undefined {
  const body = r.connections.get(id)?.messages.get(seqNum)?.request;
  if (body !== undefined) return body;
  const unstable = /* rule bodies-from-log */ r.order.entries.slice(r.stableUpTo, r.order.last);
  const entry = unstable.find(({ message }) => message?.connection === id && message.seqNum === seqNum);
  return entry?.message?.request;
}

export function primaryTick(r: ReplicaState): void {
  if (r.batchSinceMs !== undefined) r.wantsFlush = true;
  removeSilent(r);
  checkpointIfDue(r);
  boundBacklog(r);
  /* rule null-message-by-time */ announceLate(r);
  pushBack(r);
  // Without a backup no acknowledgment ever moves anything.
  if (r.stability.alone) progress(r);
  if (r.steppingDown !== undefined) tryHandOver(r);
  for (const peer of r.peers.values()) {
    if (isAnnouncedTo(r, peer) && r.nowMs - peer.sentAtMs >= r.config.leaseMs / HEARTBEATS_PER_LEASE)
      r.wantsFlush = true;
  }
}

function removeSilent(r: ReplicaState): void {
  const { record } = r;
  if (record === undefined) return;
  const silent = record.inSync.filter((member) => {
    const peer = r.peers.get(member.id);
    if (sameMember(member, r.self) || peer === undefined) return false;
    return !sameMember(peer.member, member) || r.nowMs - peer.lastHeardMs > r.config.leaseMs;
  });
  if (silent.length > 0) proposeRemoval(r, silent, 'silent');
  for (const peer of r.peers.values()) {
    if (peer.learner !== undefined && r.nowMs - peer.lastHeardMs > r.config.leaseMs) dropLearner(r, peer);
  }
}

function dropLearner(r: ReplicaState, { member }: Peer): void {
  if (r.changeInFlight !== undefined && isMember(r.changeInFlight.inSync, member)) return;
  r.peers.drop(member.id);
  r.requireMembers();
  progress(r);
}

/** No message came for the announcements to travel with ([0111]: a null message then carries them). */
function announceLate(r: ReplicaState): void {
  if (r.config.multicast !== 'destination' || r.nowMs - r.unstableSinceMs < r.config.nullMessageMs) return;
  carryToSessions(r);
  if (r.nowMs - r.unstableSinceMs >= 2 * r.config.nullMessageMs) r.localAnnounceUpTo = r.order.last;
  r.wantsFlush = true;
}

function pushBack(r: ReplicaState): void {
  const size = r.scheduler.size + r.setAside.size;
  const full = size >= r.config.queueMax;
  const drained = size <= r.config.queueMax / 2;
  if (r.sessionsPaused ? !drained : !full) return;
  r.sessionsPaused = !r.sessionsPaused;
  r.sessionsReadSinceMs = r.nowMs;
  r.effects.push({ kind: 'pauseSessions', paused: r.sessionsPaused });
}

/** SIGTERM: everything given becomes stable, then the best backup is designated (DESIGN 5.5). */
export function tryHandOver(r: ReplicaState): void {
  const { steppingDown, record } = r;
  if (steppingDown === undefined || record === undefined || r.changeInFlight !== undefined) return;
  const settled = r.running === undefined && r.stableUpTo === r.order.last && r.waiting.length === 0 && isCopied(r);
  if (
    /* rule settle-before-hand-over */ !settled &&
    r.nowMs - steppingDown.sinceMs < HAND_OVER_LEASES * r.config.leaseMs
  )
    return;
  const successor = bestBackup(r, record.inSync);
  if (successor === undefined) {
    r.effects.push({ kind: 'stopped', handedOverTo: undefined });
    return;
  }
  proposeChange(
    r,
    handOver(record, successor, /* rule publish-with-hand-over */ settled ? r.order.last : undefined),
    'hand over',
  );
}

function bestBackup(r: ReplicaState, members: readonly Member[]): Member | undefined {
  let best: Peer | undefined;
  for (const member of members) {
    const peer = r.peers.get(member.id);
    if (peer === undefined || !sameMember(peer.member, member) || !peer.linkUp) continue;
    if (best === undefined || isBetter(peer, best)) best = peer;
  }
  return best?.member;
}

/** Who is about to stop would only hand over again. */
function isBetter(peer: Peer, than: Peer): boolean {
  if (peer.leaving !== than.leaving) return than.leaving;
  return peer.heldUpTo + peer.processedUpTo > than.heldUpTo + than.processedUpTo;
}
