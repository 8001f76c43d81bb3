/** Drops log entries that nobody can ask for any more. */

import type { OrderNum } from '../../model/ids.js';
import { minOf } from '../../model/ids.js';
import type { ReplicaState } from '../state/replica-state.js';

/**
 * How many old entries are kept for a replica that catches up, and for one whose checkpoint is still on its way. A
 * replica that needs more starts again from a newer checkpoint.
 */
export const LEARNER_LAG_MAX = 65_536;
const RECEIVER_LAG_MAX = 1_048_576;

/** Drops the entries that are stable and processed and that neither this role nor a learner needs. */
export function truncateLog(r: ReplicaState): void {
  let upTo = minOf(r.stableUpTo, r.order.processedUpTo);
  upTo = r.role.logBound(upTo);
  for (const peer of r.peers.values()) {
    if (peer.learner === undefined || peer.learner === 'waiting') continue;
    const receives = peer.learner === 'receiving';
    if (r.order.last - peer.heldUpTo > (receives ? RECEIVER_LAG_MAX : LEARNER_LAG_MAX)) peer.learner = 'waiting';
    else upTo = minOf(upTo, peer.heldUpTo);
  }
  dropLogUpTo(r, upTo);
}

export function dropLogUpTo(r: ReplicaState, upTo: OrderNum): void {
  r.order.entries.dropUpTo(upTo, ({ info, message }) => {
    if (message?.order === info) r.connections.get(info.connection)?.leaveLog(message);
  });
}
