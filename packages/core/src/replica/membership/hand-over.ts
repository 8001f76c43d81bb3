/**
 * Hands the group over to the best backup when the primary steps down (DESIGN 5.5). The last replica in sync waits for
 * replicas that are catching up, or else ends the group's history (DESIGN 5.17).
 */

import type { ReplicaId } from '../../model/ids.js';
import type { GroupRecord, Member } from '../../model/record.js';
import { endRecord, handOver, sameMember } from '../../record/transitions.js';
import { checkpointForSuccessor, isCopied } from '../checkpoint/checkpoints.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import { HAND_OVER_LEASES, type ReplicaState } from '../state/replica-state.js';
import { proposeChange } from './record-changes.js';

/** The last replica in sync goes on for so long in case another one is just starting again, in milliseconds. */
const COMES_BACK_MS = 1000;

/**
 * Designates the best backup once every order is stable, every reply has left and nothing runs, or after a bounded
 * time.
 */
export function tryHandOver(p: PrimaryState): void {
  const { r } = p;
  const { steppingDown, record } = r;
  if (steppingDown === undefined || record === undefined || r.changeInFlight !== undefined) return;
  if (steppingDown.stopped) return;
  if (record.ended) {
    stopNow(r);
    return;
  }
  if (/* rule wait-for-learners */ lingers(p, record)) return;
  const isIdle = r.running === undefined && p.reads.size === 0;
  const settled = isIdle && r.stableUpTo === r.order.last && p.waiting.length === 0 && isCopied(p);
  if (
    /* rule settle-before-hand-over */ !settled &&
    r.nowMs - steppingDown.sinceMs < HAND_OVER_LEASES * r.config.leaseMs
  )
    return;
  const successor = bestBackup(p, record.inSync);
  if (successor === undefined) {
    stopAlone(p, record);
    return;
  }
  proposeChange(
    r,
    handOver(record, successor, /* rule publish-with-hand-over */ settled ? r.order.last : undefined),
    'hand over',
  );
}

/** Settles everything so that the group can be handed over: all announcements go out, and a passive group's copy. */
export function prepareHandOver(p: PrimaryState): void {
  // Every order must become stable now, so all announcements go out directly and do not wait for clients to reflect
  // them.
  p.localAnnounceUpTo = p.r.order.last;
  /* rule copy-for-successor */ checkpointForSuccessor(p);
}

/**
 * Decides whether this primary, which is to stop, goes on serving: it is the last one in sync, and a learner that is on
 * its way could save what it knows.
 */
function lingers(p: PrimaryState, record: GroupRecord): boolean {
  const { r } = p;
  const { steppingDown } = r;
  if (steppingDown === undefined) return false;
  const comes = p.learners.size > 0 || (r.nowMs - steppingDown.toldMs < COMES_BACK_MS && mayComeBack(p, record));
  const wants = record.inSync.length === 1 && r.nowMs < steppingDown.learnersUntilMs && comes;
  if (wants && p.learners.size > 0 && !steppingDown.warned) {
    steppingDown.warned = true;
    const forMs = steppingDown.learnersUntilMs - r.nowMs;
    const learners = learnersOf(p);
    r.log('warn', 'told to stop, but goes on until a replica that is catching up can take over', { learners, forMs });
  }
  if (r.lingers && !wants) {
    steppingDown.sinceMs = r.nowMs;
    r.lingers = false;
    prepareHandOver(p);
  }
  r.lingers = wants;
  return wants;
}

/** Whether the record names another replica that did not say that it stops: it may be starting again at this moment. */
const mayComeBack = ({ r }: PrimaryState, record: GroupRecord): boolean =>
  Object.keys(record.addresses).some((id) => id !== r.self.id && r.peers.get(id as ReplicaId)?.leaving !== true);

export const learnersOf = (p: PrimaryState): string => [...p.learners.keys()].join(', ');

/**
 * Nobody can take over. If somebody tried to until now, the state that is lost was still wanted, and only an operator may
 * decide to go on without it. Otherwise the whole group was stopped on purpose, so its history ends.
 */
function stopAlone(p: PrimaryState, record: GroupRecord): void {
  const { r } = p;
  const { steppingDown } = r;
  if (steppingDown === undefined) return;
  // A backup without a link either comes back, or it is dead and is removed after a lease.
  const awaited = r.nowMs - steppingDown.sinceMs < HAND_OVER_LEASES * r.config.leaseMs;
  if (record.inSync.length > 1 && awaited) return;
  const isWanted = record.inSync.length > 1 || p.learners.size > 0;
  if (/* rule end-unless-wanted */ !isWanted) {
    r.log('warn', 'the last replica in sync stops; the group ends, and its state with it', {});
    proposeChange(r, endRecord(record), 'end');
    return;
  }
  r.log('error', 'this replica stops although nobody could take over; the group waits for an operator', {
    learners: learnersOf(p),
    inSync: record.inSync.map(({ id }) => id).join(', '),
  });
  stopNow(r);
}

function stopNow(r: ReplicaState): void {
  if (r.steppingDown !== undefined) r.steppingDown.stopped = true;
  r.effects.push({ kind: 'stopped', handedOverTo: undefined });
}

function bestBackup(p: PrimaryState, members: readonly Member[]): Member | undefined {
  const { r } = p;
  let best: Peer | undefined;
  for (const member of members) {
    const peer = r.peers.get(member.id);
    if (peer === undefined || !sameMember(peer.member, member) || !peer.linkUp) continue;
    if (best === undefined || isBetter(peer, best)) best = peer;
  }
  return best?.member;
}

/** A backup that is about to stop would only hand over again, so any other is better. */
function isBetter(peer: Peer, than: Peer): boolean {
  if (peer.leaving !== than.leaving) return than.leaving;
  return peer.heldUpTo + peer.processedUpTo > than.heldUpTo + than.processedUpTo;
}
