/** Chooses the backup that takes over when the primary hands over. */

import { sameMember } from '../../record/transitions.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { hasOtherCode } from './others.js';

/** The backup in sync to which this primary would hand over; undefined if none has a link. */
export function bestBackup(p: PrimaryState): Peer | undefined {
  const { r } = p;
  let best: Peer | undefined;
  for (const member of r.record?.inSync ?? []) {
    const peer = r.peers.get(member.id);
    if (peer === undefined || !sameMember(peer.member, member) || !peer.linkUp) continue;
    if (best === undefined || isBetter(r, peer, best)) best = peer;
  }
  return best;
}

/**
 * Whether one backup suits better than another. A backup that is about to stop would only hand over again. A backup
 * with this primary's own code goes on at once; any other needs a copy of the state first.
 */
function isBetter(r: ReplicaState, peer: Peer, than: Peer): boolean {
  if (peer.leaving !== than.leaving) return than.leaving;
  const isOther = ({ brings }: Peer): boolean => brings === undefined || hasOtherCode(r, brings);
  if (isOther(peer) !== isOther(than)) return isOther(than);
  return peer.heldUpTo + peer.processedUpTo > than.heldUpTo + than.processedUpTo;
}
