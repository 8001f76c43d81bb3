/** Hands the group over to the best backup when the primary steps down (DESIGN 5.5). */

import type { Member } from '../../model/record.js';
import { handOver, sameMember } from '../../record/transitions.js';
import { isCopied } from '../checkpoint/checkpoints.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import { HAND_OVER_LEASES } from '../state/replica-state.js';
import { proposeChange } from './record-changes.js';

/**
 * Designates the best backup once every order is stable, every reply has left and nothing runs, or after a bounded
 * time.
 */
export function tryHandOver(p: PrimaryState): void {
  const { r } = p;
  const { steppingDown, record } = r;
  if (steppingDown === undefined || record === undefined || r.changeInFlight !== undefined) return;
  const settled = r.running === undefined && r.stableUpTo === r.order.last && p.waiting.length === 0 && isCopied(p);
  if (
    /* rule settle-before-hand-over */ !settled &&
    r.nowMs - steppingDown.sinceMs < HAND_OVER_LEASES * r.config.leaseMs
  )
    return;
  const successor = bestBackup(p, record.inSync);
  if (successor === undefined) {
    r.effects.push({ kind: 'stopped', handedOverTo: undefined });
    return;
  }
  proposeChange(
    r,
    handOver(record, successor, /* rule publish-with-hand-over */ settled ? r.order.last : undefined),
    'hand over',
  );
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
