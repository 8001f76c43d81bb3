/**
 * Tells peers that a function of the user's, which copies or restores the state, may keep this replica from answering.
 * Waiting longer for a busy replica is always safe: who serves is decided by the record, and a primary releases nothing
 * that needs a lease which ran out meanwhile.
 */

import type { ReplicaId } from '../../model/ids.js';
import type { Member } from '../../model/record.js';
import { sameMember } from '../../record/transitions.js';
import type { Peer } from '../state/peers.js';
import type { ReplicaState } from '../state/replica-state.js';

/** Says that this replica may be silent for a while. @returns the members in sync that must hear of it first */
export function sayBusy(r: ReplicaState): ReplicaId[] {
  const members = r.record?.inSync ?? [];
  r.saidBusyMs = r.nowMs;
  const told = say(r, r.config.copyMs);
  return told.filter((member) => members.some((other) => sameMember(other, member))).map(({ id }) => id);
}

/** Says that it answers again. */
export function sayIdle(r: ReplicaState): void {
  say(r, 0);
}

/** The link to a peer is new, and what this replica last said may have been lost with the former link. */
export function sayAgain(r: ReplicaState, peer: Peer): void {
  const leftMs = Math.floor(r.saidBusyMs + r.config.copyMs - r.nowMs);
  if (leftMs < 0 || !isTold(r, peer)) return;
  const forMs = r.stateBusy === undefined ? 0 : leftMs;
  r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame: { kind: 'busy', term: r.term, forMs } });
}

/** @returns the peers that are told */
function say(r: ReplicaState, forMs: number): Member[] {
  const frame = { kind: 'busy', term: r.term, forMs } as const;
  const told = [...r.peers.values()].filter((peer) => isTold(r, peer));
  for (const { member } of told) r.effects.push({ kind: 'sendToPeer', peer: member.id, frame });
  return told.map(({ member }) => member);
}

/** A primary tells everybody; a learner tells the primary. */
function isTold({ record, self }: ReplicaState, { linkUp, member }: Peer): boolean {
  if (record === undefined || !linkUp) return false;
  return sameMember(record.primary, self) || member.id === record.primary.id;
}
