import type { OrderNum } from '../../model/ids.js';
import { minOf } from '../../model/ids.js';
import type { ReplicaState } from '../state/replica-state.js';

/** A replica that catches up may need this many old entries; beyond that it starts again from a newer checkpoint. */
export const LEARNER_LAG_MAX = 65_536;

/** Drops log entries that nobody can ask for any more. */
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
