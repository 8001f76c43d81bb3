/**
 * A follower's acknowledgment to the primary: how far it holds the order, which sessions it answers for, and whether it
 * leaves.
 */

import { minOf, type OrderNum } from '../../model/ids.js';
import { adoptionPublished } from '../../record/transitions.js';
import type { FollowerState } from '../state/follower-state.js';
import type { ReplicaState } from '../state/replica-state.js';

/** Sends one acknowledgment to the primary with everything that changed since the last one. */
export function flushAck(f: FollowerState): void {
  const { r } = f;
  const primary = r.record?.primary;
  const peer = primary && r.peers.get(primary.id);
  if (peer === undefined || !peer.linkUp) return;
  f.ackDue = false;
  const registered = [];
  const unregistered = [];
  for (const { id, session } of r.connections.values()) {
    if (session?.registered === true && !f.reported.has(id)) registered.push(id);
  }
  for (const id of f.reported) if (r.connections.get(id)?.session?.registered !== true) unregistered.push(id);
  for (const id of registered) f.reported.add(id);
  for (const id of unregistered) f.reported.delete(id);
  const afresh = f.reportAfresh;
  f.reportAfresh = false;
  r.effects.push({
    kind: 'sendToPeer',
    peer: peer.member.id,
    frame: {
      kind: 'ack',
      term: r.term,
      heartbeatMs: f.heartbeatMs,
      heldUpTo: certainlyHeldUpTo(r),
      processedUpTo: r.order.processedUpTo,
      toldUpTo: f.completedUpTo,
      afresh,
      registered,
      unregistered,
      byCopy: r.followsByCopy,
      divergedAt: f.divergedAt,
      statesEqualUpTo: f.states.equalUpTo,
      leaving: r.steppingDown !== undefined,
    },
  });
}

/**
 * The last order that this replica holds and that certainly belongs to the history. Until the promotion has published
 * its adoption, orders beyond `stableUpTo` may have been cut, and the new primary would mistake an acknowledgment of
 * them for one of its own orders.
 */
function certainlyHeldUpTo(r: ReplicaState): OrderNum {
  const { heldUpTo } = r.order;
  return /* rule held-for-certain */ r.record === undefined || adoptionPublished(r.record)
    ? heldUpTo
    : minOf(heldUpTo, r.stableUpTo);
}
