import type { Member } from '../../model/record.js';
import type { ReplicaState } from '../state/replica-state.js';

/** First word of a term on every stream: the record, with what the promotion adopted. */
export function tellPeers(r: ReplicaState): void {
  for (const peer of r.peers.values()) if (peer.linkUp) tellPeer(r, peer.member);
}

export function tellPeer(r: ReplicaState, member: Member): void {
  const { record } = r;
  if (record === undefined) return;
  const frame = { kind: 'newTerm', record, collect: false, heldUpTo: r.order.heldUpTo } as const;
  r.effects.push({ kind: 'sendToPeer', peer: member.id, frame });
}

/** A promoting replica asks a peer for all that it holds. */
export function askPeer(r: ReplicaState, member: Member): void {
  const { record } = r;
  if (record === undefined) return;
  const frame = { kind: 'newTerm', record, collect: true, heldUpTo: r.order.heldUpTo } as const;
  r.effects.push({ kind: 'sendToPeer', peer: member.id, frame });
}
