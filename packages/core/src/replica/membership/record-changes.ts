/** Proposes changes of the record, one at a time, and keeps the members that count in step with them. */

import type { ReplicaId } from '../../model/ids.js';
import type { GroupRecord, Member } from '../../model/record.js';
import { addMember, peerAddressOf, removeMembers, sameMember } from '../../record/transitions.js';
import type { Reached } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { requiredMembers } from '../state/stability.js';

/** Proposes a change of the record. @returns false while another change is in flight, its outcome is unknown, or the record is lost */
export function proposeChange(r: ReplicaState, record: GroupRecord, reason: string): boolean {
  if (r.changeInFlight !== undefined || r.lost !== undefined) return false;
  r.changeInFlight = record;
  r.changeReason = reason;
  setChanged(r);
  r.effects.push({ kind: 'changeRecord', next: record, reason });
  return true;
}

/** The in-sync set, or a change of it in flight, is different now. */
export function setChanged(r: ReplicaState): void {
  if (r.record === undefined) return;
  const members = requiredMembers(r.self, r.record, r.changeInFlight, r.peers);
  for (const member of members) if (r.peers.get(member.id) === undefined) r.peers.open(member, r.nowMs);
  for (const { session } of r.connections.values()) if (session !== undefined) session.viewSent = false;
  r.role.setChanged(members);
}

/** Removes backups from the set. Only the primary does so (DESIGN 5.4). */
export function proposeRemoval(p: PrimaryState, gone: readonly Member[], reason: string): void {
  const { r } = p;
  const { record } = r;
  if (record === undefined || gone.length === 0) return;
  if (!proposeChange(r, removeMembers(record, gone), reason)) return;
  for (const member of gone) r.log('warn', 'the primary removes a backup', { peer: member.id, reason });
}

/** Adds a learner that has caught up to the set. */
export function proposeAddition(p: PrimaryState, member: Member, reached: Reached, gone: readonly ReplicaId[]): void {
  const { r } = p;
  const { record } = r;
  if (record === undefined) return;
  if (proposeChange(r, addMember(record, member, reached.address, reached.peerAddress, gone), 'add'))
    r.log('info', 'the primary adds a backup', { peer: member.id });
}

/** Asks for links to every replica with which this one may have to talk. */
export function connectPeers(r: ReplicaState): void {
  const { record } = r;
  if (record === undefined) return;
  const wanted = new Map<ReplicaId, string>();
  for (const id of Object.keys(record.addresses) as ReplicaId[]) {
    const address = peerAddressOf(record, id);
    if (address !== undefined) wanted.set(id, address);
  }
  for (const { member, reached, learner } of r.peers.values()) {
    if (reached !== undefined && /* rule nobody-dials-the-dead */ learner !== undefined)
      wanted.set(member.id, reached.peerAddress ?? reached.address);
  }
  wanted.delete(r.self.id);
  const peers = [...wanted].map(([id, address]) => ({ id, address }));
  r.effects.push({ kind: 'connectPeers', peers });
}

export const isMember = (members: readonly Member[], member: Member): boolean =>
  members.some((other) => sameMember(other, member));
