import type { GroupRecord, Member } from '../../record/record.js';
import { addMember, removeMembers, sameMember } from '../../record/transitions.js';
import type { ReplicaState } from '../state.js';

/** One change of the record at a time; false while another is in flight or its outcome unknown. */
export function proposeChange(r: ReplicaState, record: GroupRecord, reason: string): boolean {
  if (r.changeInFlight !== undefined) return false;
  r.changeInFlight = record;
  r.changeReason = reason;
  r.requireMembers();
  r.effects.push({ kind: 'changeRecord', next: record, reason });
  return true;
}

/** The primary alone removes backups (DESIGN 5.4). */
export function proposeRemoval(r: ReplicaState, gone: readonly Member[], reason: string): void {
  const { record } = r;
  if (record === undefined || gone.length === 0) return;
  if (!proposeChange(r, removeMembers(record, gone), reason)) return;
  for (const member of gone) r.log('warn', 'removes a backup', { peer: member.id, reason });
}

/** A learner has caught up: it enters the set. */
export function proposeAddition(r: ReplicaState, member: Member, address: string): void {
  const { record } = r;
  if (record === undefined) return;
  if (proposeChange(r, addMember(record, member, address), 'add')) r.log('info', 'adds a backup', { peer: member.id });
}

/** Streams to every replica that this one may have to talk to. */
export function connectPeers(r: ReplicaState): void {
  const { record } = r;
  if (record === undefined) return;
  const wanted = new Map(
    Object.entries(record.addresses).map(([id, address]) => [id as Member['id'], address] as const),
  );
  for (const peer of r.peers.values()) if (peer.address !== undefined) wanted.set(peer.member.id, peer.address);
  wanted.delete(r.self.id);
  const peers = [...wanted].map(([id, address]) => ({ id, address }));
  r.effects.push({ kind: 'connectPeers', peers });
}

export const isMember = (members: readonly Member[], member: Member): boolean =>
  members.some((other) => sameMember(other, member));
