/** The primary's view of its backups and learners: who acknowledges, who enters the in-sync set and who leaves it. */

import { blockedMaxMs } from '../../config/clock.js';
import type { PieceAckFrame } from '../../model/checkpoint.js';
import type { AckFrame, BusyFrame, JoinFrame } from '../../model/frames.js';
import { maxOf, minOf, type OrderNum, type ReplicaId } from '../../model/ids.js';
import type { Member } from '../../model/record.js';
import { sameMember } from '../../record/transitions.js';
import { checkpointIfDue, onPieces, startLearner } from '../checkpoint/checkpoints.js';
import { endTransfer } from '../checkpoint/sending.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { NO_ROOM, roomFor } from './forgetting.js';
import { progress } from './progress.js';
import { connectPeers, isMember, proposeAddition, proposeRemoval, setChanged } from './record-changes.js';
import { tellPeer } from './tell.js';

/** A learner this close to the newest order may enter the set: the orders it lacks are on their way. */
const CAUGHT_UP_WITHIN = 64;

/** How many leases a learner may be silent before the primary drops it. */
const LEARNER_SILENT_LEASES = 3;
const LEARNER_SILENT_MS = 2000;

/** A learner whose answers take too long may do so for a moment only. */
const TELL_FAR_AFTER_MS = 2000;

/** A backup or learner acknowledged. Only what it acknowledges in this term and in its present life counts. */
export function onAck(p: PrimaryState, from: Member, frame: AckFrame): void {
  const { r } = p;
  const peer = r.peers.get(from.id);
  if (frame.term !== r.term || peer === undefined || !sameMember(peer.member, from)) return;
  r.peers.heard(peer, r.nowMs);
  if (peer.learner !== undefined) p.learners.set(from.id, r.nowMs);
  // Until a learner holds the checkpoint it was given, its acknowledgments come from an earlier start and do not count.
  const isOfThisStart = peer.learner !== 'waiting' && peer.learner !== 'receiving';
  if (isOfThisStart) {
    peer.ackedHeartbeatMs = maxOf(peer.ackedHeartbeatMs, /* rule lease-from-sending */ frame.heartbeatMs);
    peer.heldUpTo = maxOf(peer.heldUpTo, minOf(frame.heldUpTo, r.order.last));
    peer.processedUpTo = maxOf(peer.processedUpTo, frame.processedUpTo);
    peer.toldUpTo = maxOf(peer.toldUpTo, minOf(frame.toldUpTo, r.order.processedUpTo));
    peer.statesEqualUpTo = maxOf(peer.statesEqualUpTo, frame.statesEqualUpTo);
  }
  const begins = frame.byCopy && !peer.byCopy;
  peer.byCopy = frame.byCopy;
  if (begins && r.config.replication === 'semi-active') checkpointIfDue(p);
  /* rule reports-afresh */ if (frame.afresh) peer.registered.clear();
  for (const id of frame.unregistered) peer.registered.delete(id);
  for (const id of frame.registered) peer.registered.add(id);
  if (frame.afresh || frame.registered.length > 0 || frame.unregistered.length > 0) p.release.changed();
  if (frame.divergedAt !== undefined) onDiverged(p, peer, frame.divergedAt);
  if (/* rule let-leave */ frame.leaving) letLeave(p, peer);
  else if (peer.learner !== undefined) admitLearner(p, peer);
  progress(p);
}

/**
 * A replica said that it stops: it is removed at once rather than after a silence. It acknowledges until the record no
 * longer names it.
 */
function letLeave(p: PrimaryState, peer: Peer): void {
  const { r } = p;
  peer.leaving = true;
  p.learners.delete(peer.member.id);
  if (r.record === undefined) return;
  if (isMember(r.record.inSync, peer.member)) proposeRemoval(p, [peer.member], 'leaving');
  else if (peer.learner !== undefined) dropLearner(p, peer);
  else tellPeer(r, peer.member);
}

/** A peer told which pieces of a copy it has. */
export function onPieceAckFrom(p: PrimaryState, from: Member, frame: PieceAckFrame): void {
  const peer = p.r.peers.get(from.id);
  if (peer !== undefined && sameMember(peer.member, from)) onPieces(p, peer, frame);
}

/** A replica outside the set may be silent for a while, because it restores its state. */
export function onBusy(p: PrimaryState, from: Member, frame: BusyFrame): void {
  const peer = noteBusy(p.r, from, frame);
  // The learner may lack nothing else, and its next acknowledgment may be a heartbeat away.
  if (frame.forMs === 0 && peer?.learner !== undefined) admitLearner(p, peer);
}

/** @returns the peer that said that it may be silent for a while, or no longer; undefined if it is in another life */
export function noteBusy(r: ReplicaState, from: Member, { forMs }: BusyFrame): Peer | undefined {
  const peer = r.peers.get(from.id);
  if (peer === undefined || !sameMember(peer.member, from)) return undefined;
  peer.lastHeardMs = r.nowMs;
  peer.busyUntilMs = forMs === 0 ? Number.NEGATIVE_INFINITY : r.nowMs + Math.min(forMs, r.config.copyMs);
  return peer;
}

function onDiverged(p: PrimaryState, peer: Peer, orderNum: OrderNum): void {
  const { r } = p;
  if (r.record === undefined || !isMember(r.record.inSync, peer.member)) return;
  r.log('error', 'UNDERSTUDY_DIVERGED', { peer: peer.member.id, orderNum });
  p.differedUpTo = maxOf(p.differedUpTo, orderNum);
  p.differed = { id: peer.member.id, orderNum };
  // The backup comes back with a copy of this primary's state.
  /* rule diverged-comes-back */ p.learners.set(peer.member.id, r.nowMs);
  proposeRemoval(p, [peer.member], 'diverged');
}

/**
 * A replica outside the set wants to catch up. If the set still names an older life of that replica, the older life is
 * certainly over.
 */
export function onJoin(p: PrimaryState, { member, address, peerAddress }: JoinFrame): void {
  const { r } = p;
  const { record } = r;
  if (record === undefined || isMember(record.inSync, member)) return;
  const older = record.inSync.find((other) => other.id === member.id);
  if (older !== undefined) proposeRemoval(p, [older], 'restarted');
  const peer = r.peers.open(member, r.nowMs);
  r.peers.heard(peer, r.nowMs);
  const wasDialled = peer.learner !== undefined;
  peer.learner ??= 'waiting';
  p.learners.set(member.id, r.nowMs);
  if (!wasDialled || peer.reached?.address !== address || peer.reached.peerAddress !== peerAddress) {
    peer.reached = { address, ...(peerAddress !== undefined && { peerAddress }) };
    connectPeers(r);
  }
  if (roomFor(p, member.id) === undefined) {
    const frame = { kind: 'noCheckpoint', term: r.term, reason: NO_ROOM } as const;
    if (peer.linkUp) r.effects.push({ kind: 'sendToPeer', peer: member.id, frame });
    return;
  }
  startLearner(p, peer);
}

/**
 * Leads a learner into the set: first it is close enough, then its acknowledgments count, then it holds everything that
 * was released, then the record takes it in.
 */
function admitLearner(p: PrimaryState, peer: Peer): void {
  const { r } = p;
  const isClose = r.order.last - peer.heldUpTo <= CAUGHT_UP_WITHIN;
  // Once the learner counts, the lease depends on its heartbeats. Without a recent one every reply would wait for the
  // next.
  const isHeard = r.nowMs - peer.ackedHeartbeatMs < r.config.leaseMs / 2;
  if (peer.learner === 'following' && r.nowMs > peer.busyUntilMs && isClose) {
    if (/* rule heard-before-it-counts */ isHeard) {
      peer.learner = 'entering';
      peer.enteredAt = r.order.last;
      peer.far = undefined;
      setChanged(r);
    } else {
      noteFar(r, peer);
    }
  }
  if (
    peer.learner !== 'entering' ||
    peer.reached === undefined ||
    /* rule enter-with-all-released */ peer.heldUpTo < peer.enteredAt
  )
    return;
  const gone = roomFor(p, peer.member.id);
  if (gone !== undefined) proposeAddition(p, peer.member, peer.reached, gone);
}

/** A learner has all orders, but its answers take too long for the lease. If that lasts, the operator is told once. */
function noteFar(r: ReplicaState, peer: Peer): void {
  peer.far ??= { sinceMs: r.nowMs, told: false };
  if (peer.far.told || r.nowMs - peer.far.sinceMs < TELL_FAR_AFTER_MS) return;
  peer.far.told = true;
  r.log('error', 'a replica cannot enter the in-sync set, because its answers take too long for leaseMs', {
    peer: peer.member.id,
    answerMs: Math.round(r.nowMs - peer.ackedHeartbeatMs),
    atMostMs: r.config.leaseMs / 2,
    advice: 'give a longer leaseMs, or bring the replicas closer together',
  });
}

/**
 * Whether a backup counts as dead: a lease passed without any sign of it, or only its liveness thread was heard for
 * longer than a main thread may be blocked. Without the second condition a backup that can never catch up would hold up
 * the group.
 */
function isSilent({ r }: PrimaryState, peer: Peer): boolean {
  if (r.nowMs - peer.lastHeardMs > r.config.leaseMs) return true;
  if (r.nowMs <= peer.busyUntilMs) return false;
  return /* rule blocked-for-good */ r.nowMs - peer.lastFrameMs > blockedMaxMs(r.config);
}

/** Removes backups and drops learners that have been silent for a lease, so that the group goes on without them. */
export function removeSilent(p: PrimaryState): void {
  const { r } = p;
  const { record } = r;
  if (record === undefined) return;
  const silent = record.inSync.filter((member) => {
    const peer = r.peers.get(member.id);
    if (sameMember(member, r.self) || peer === undefined) return false;
    return !sameMember(peer.member, member) || isSilent(p, peer);
  });
  if (silent.length > 0) proposeRemoval(p, silent, 'silent');
  for (const peer of r.peers.values()) {
    const silentMs = r.nowMs - peer.lastHeardMs;
    if (peer.learner === undefined || silentMs <= r.config.leaseMs) continue;
    if (peer.learner === 'entering') countNoMore(p, peer);
    else if (silentMs > patience(p, peer) && !isBusy(p, peer)) dropLearner(p, peer);
  }
  forgetLearners(p);
}

/** These replicas run. Those outside the set that did not say that they stop are expected to join. */
export function expectLearners(p: PrimaryState, present: readonly ReplicaId[]): void {
  const { r } = p;
  for (const id of present) {
    const isKnown = r.record?.inSync.some((member) => member.id === id) === true;
    if (!isKnown && r.peers.get(id)?.leaving !== true && !p.learners.has(id)) p.learners.set(id, r.nowMs);
  }
}

/** Forgets learners that entered the set, and learners that have been silent for so long that they will hardly come. */
function forgetLearners(p: PrimaryState): void {
  const { r } = p;
  const { inSync = [] } = r.changeInFlight ?? r.record ?? {};
  for (const [id, heardMs] of p.learners) {
    const entered = inSync.some((member) => member.id === id && r.peers.get(id)?.learner === undefined);
    const gone = r.nowMs - heardMs > learnerSilentMs(p) && !isBusy(p, r.peers.get(id));
    if (entered || gone) p.learners.delete(id);
  }
}

/**
 * How long a learner that does not count yet may be silent. No reply waits for it, and it may be busy with its copy.
 * After this it is dropped and begins anew.
 */
const learnerSilentMs = ({ r }: PrimaryState): number => LEARNER_SILENT_LEASES * r.config.leaseMs + LEARNER_SILENT_MS;

/** Whether a learner has reason to be silent. A learner that died has no link. */
const isBusy = ({ r }: PrimaryState, peer: Peer | undefined): boolean =>
  peer !== undefined && r.nowMs <= peer.busyUntilMs && /* rule busy-with-link */ peer.linkUp;

/** How long a learner may be silent. One that follows and has no link has most likely died. */
const patience = (p: PrimaryState, { learner, linkUp }: Peer): number =>
  learner === 'following' && !linkUp ? p.r.config.leaseMs : learnerSilentMs(p);

/** A learner that was about to enter the set fell silent. Replies no longer wait for it, and it goes on catching up. */
function countNoMore(p: PrimaryState, peer: Peer): void {
  const { r } = p;
  if (r.changeInFlight !== undefined && isMember(r.changeInFlight.inSync, peer.member)) return;
  peer.learner = 'following';
  setChanged(r);
  progress(p);
}

function dropLearner(p: PrimaryState, peer: Peer): void {
  const { r } = p;
  const { member } = peer;
  if (r.changeInFlight !== undefined && isMember(r.changeInFlight.inSync, member)) return;
  endTransfer(p, peer);
  r.peers.drop(member.id);
  setChanged(r);
  progress(p);
}
