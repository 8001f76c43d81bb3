/**
 * Tells peers that a function of the user's, which copies or restores the state, may keep this replica from answering.
 * Waiting longer for a busy replica is always safe: who serves is decided by the record, and a primary releases nothing
 * that needs a lease which ran out meanwhile.
 */

import type { ReplicaId } from '../../model/ids.js';
import type { Member } from '../../model/record.js';
import { sameMember } from '../../record/transitions.js';
import type { ReplicaState } from '../state/replica-state.js';

/** Says that this replica may be silent for a while. @returns the members in sync that must hear of it first */
export function sayBusy(r: ReplicaState): ReplicaId[] {
  const members = r.record?.inSync ?? [];
  const told = say(r, r.config.copyMs);
  return told.filter((member) => members.some((other) => sameMember(other, member))).map(({ id }) => id);
}

/** Says that it answers again. */
export function sayIdle(r: ReplicaState): void {
  say(r, 0);
}

/** A primary tells everybody; a learner tells the primary. @returns who is told */
function say(r: ReplicaState, forMs: number): Member[] {
  const frame = { kind: 'busy', term: r.term, forMs } as const;
  const primary = r.record?.primary;
  const leads = primary !== undefined && sameMember(primary, r.self);
  const told = [...r.peers.values()].filter(({ linkUp, member }) => linkUp && (leads || member.id === primary?.id));
  for (const { member } of told) r.effects.push({ kind: 'sendToPeer', peer: member.id, frame });
  return told.map(({ member }) => member);
}
