/** A replica outside the in-sync set asks the primary to let it catch up. */

import type { FollowerState } from '../state/follower-state.js';
import type { ReplicaState } from '../state/replica-state.js';

/** How often a replica outside the set asks, in milliseconds, until it gets a checkpoint. */
const JOIN_EVERY_MS = 250;

/**
 * Asks the primary to let this replica catch up, if that is due.
 *
 * @param follower this replica as a follower; undefined until it has a checkpoint
 * @param askedMs when this replica last asked
 * @returns whether it asked
 */
export function askToJoin(r: ReplicaState, follower: FollowerState | undefined, askedMs: number): boolean {
  const primary = r.record?.primary;
  if (primary === undefined || r.nowMs - askedMs < JOIN_EVERY_MS) return false;
  // A primary that has fallen silent may have given this replica up while it was slow.
  if (follower !== undefined && r.nowMs - follower.lastHeartbeatMs <= r.config.leaseMs) return false;
  if (r.peers.get(primary.id)?.linkUp !== true) return false;
  const frame = { kind: 'join', member: r.self, ...r.reached } as const;
  r.effects.push({ kind: 'sendToPeer', peer: primary.id, frame });
  return true;
}
