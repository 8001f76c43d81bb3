/**
 * Tells peers that a function of the user's, which copies or restores the state, may keep this replica from answering.
 * Waiting longer for a busy replica is always safe: who serves is decided by the record, and a primary releases nothing
 * that needs a lease which ran out meanwhile.
 */

import { sameMember } from '../../record/transitions.js';
import type { ReplicaState } from '../state/replica-state.js';

/** Says that this replica may be silent for a while. */
export function sayBusy(r: ReplicaState): void {
  say(r, r.config.copyMs);
}

/** Says that it answers again. */
export function sayIdle(r: ReplicaState): void {
  say(r, 0);
}

function say(r: ReplicaState, forMs: number): void {
  const frame = { kind: 'busy', term: r.term, forMs } as const;
  const primary = r.record?.primary;
  const leads = primary !== undefined && sameMember(primary, r.self);
  for (const { linkUp, member } of r.peers.values()) {
    if (linkUp && (leads || member.id === primary?.id)) r.effects.push({ kind: 'sendToPeer', peer: member.id, frame });
  }
}
