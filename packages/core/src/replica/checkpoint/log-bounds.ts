/** Drops log entries that nobody can ask for any more. */

import type { OrderNum } from '../../model/ids.js';
import { minOf } from '../../model/ids.js';
import type { ReplicaState } from '../state/replica-state.js';

/**
 * How many old entries are kept for a replica that catches up. One that needs more starts again from a newer
 * checkpoint.
 */
export const LEARNER_LAG_MAX = 65_536;

/** Drops the entries that are stable and processed and that neither this role nor a learner needs. */
export function truncateLog(r: ReplicaState): void {
  let upTo = minOf(r.stableUpTo, r.order.processedUpTo);
  upTo = r.role.logBound(upTo);
  for (const peer of r.peers.values()) {
    if (peer.learner === undefined || peer.learner === 'waiting') continue;
    if (r.order.last - peer.heldUpTo > LEARNER_LAG_MAX) peer.learner = 'waiting';
    else upTo = minOf(upTo, peer.heldUpTo);
  }
  dropLogUpTo(r, upTo);
}

export function dropLogUpTo(r: ReplicaState, upTo: OrderNum): void {
  r.order.entries.dropUpTo(upTo, ({ info, message }) => {
    if (message?.order === info) r.connections.get(info.connection)?.leaveLog(message);
  });
}
