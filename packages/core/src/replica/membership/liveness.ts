/**
 * What the liveness thread does on behalf of this replica (DESIGN 5.15). It goes on while the main thread is blocked, so
 * the core gives it a duty, and takes that back before it acts against what the thread may have promised.
 */

import type { Term } from '../../model/ids.js';
import { maxOf } from '../../model/ids.js';
import { sameMember } from '../../record/transitions.js';
import type { EventOf } from '../state/events.js';
import type { ReplicaState } from '../state/replica-state.js';
import type { Duty, HeardPeer } from '../threads/duty.js';

/**
 * After each event: tells the thread its new duty if that has changed. This effect comes before all others of the step.
 */
export function giveDuty(r: ReplicaState): void {
  if (!r.delegates) return;
  const { duty } = r.role;
  if (sameDuty(duty, r.duty)) return;
  r.duty = duty;
  r.dutyChanges = true;
  r.effects.unshift({ kind: 'delegate', duty });
}

const termOf = (duty: Duty): Term | undefined => (duty.kind === 'none' ? undefined : duty.term);

const sameDuty = (a: Duty, b: Duty): boolean => a.kind === b.kind && termOf(a) === termOf(b);

/** The thread has ended its former duty. Whatever it acknowledged under that duty still binds this replica. */
export function onDelegated(r: ReplicaState, { acknowledgedMs }: EventOf<'delegated'>): void {
  r.dutyChanges = false;
  if (acknowledgedMs !== undefined) r.role.acknowledged(acknowledgedMs);
  r.role.delegated();
}

/** The thread has heard from other replicas. */
export function onHeard(r: ReplicaState, { term, acknowledgedMs, peers }: EventOf<'heard'>): void {
  if (acknowledgedMs !== undefined) r.role.acknowledged(acknowledgedMs);
  if (term === r.term) r.role.peersHeard(peers);
}

/**
 * A primary takes in the answers of its peers' threads. Only acknowledgments count, because a backup that is about to
 * claim answers too.
 *
 * @returns whether any acknowledgment is newer than the last known one
 */
export function hearPeers(r: ReplicaState, heard: readonly HeardPeer[]): boolean {
  let newer = false;
  for (const { member, answeredMs, ackedMs } of heard) {
    const peer = r.peers.get(member.id);
    if (peer === undefined || !sameMember(peer.member, member)) continue;
    // The main link alone decides about a learner that does not count yet.
    if (ackedMs === undefined || (peer.learner !== undefined && peer.learner !== 'entering')) continue;
    peer.lastHeardMs = maxOf(peer.lastHeardMs, answeredMs);
    peer.threadHeardMs = maxOf(peer.threadHeardMs, answeredMs);
    if (ackedMs <= peer.ackedHeartbeatMs) continue;
    peer.ackedHeartbeatMs = ackedMs;
    newer = true;
  }
  return newer;
}
