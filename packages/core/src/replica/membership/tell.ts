/** Tells peers the term, with the record that proves it. */

import type { Member } from '../../model/record.js';
import type { ReplicaState } from '../state/replica-state.js';

/** Tells all peers. This is the first frame of a term on every link; its record includes the adoption. */
export function tellPeers(r: ReplicaState): void {
  for (const peer of r.peers.values()) if (peer.linkUp) tellPeer(r, peer.member);
}

/** Tells one peer. */
export function tellPeer(r: ReplicaState, member: Member): void {
  const { record } = r;
  if (record === undefined) return;
  const frame = { kind: 'newTerm', record, collect: false, heldUpTo: r.order.heldUpTo } as const;
  r.effects.push({ kind: 'sendToPeer', peer: member.id, frame });
}

/** Tells a peer the new term and asks it for everything it holds. */
export function askPeer(r: ReplicaState, member: Member): void {
  const { record } = r;
  if (record === undefined) return;
  const frame = { kind: 'newTerm', record, collect: true, heldUpTo: r.order.heldUpTo } as const;
  r.effects.push({ kind: 'sendToPeer', peer: member.id, frame });
}
