import type { FollowerState } from '../state/follower-state.js';
import type { ReplicaState } from '../state/replica-state.js';

/** A replica outside the set asks to be let in this often until it is given a checkpoint. */
const JOIN_EVERY_MS = 250;

/**
 * Asks the primary to let this replica catch up.
 *
 * @param follower undefined until there is a checkpoint
 * @param askedMs when this replica asked last
 * @returns whether it asked
 */
export function askToJoin(r: ReplicaState, follower: FollowerState | undefined, askedMs: number): boolean {
  const primary = r.record?.primary;
  if (primary === undefined || r.nowMs - askedMs < JOIN_EVERY_MS) return false;
  // A primary that speaks no more may have given this replica up while it was slow.
  if (follower !== undefined && r.nowMs - follower.lastHeartbeatMs <= r.config.leaseMs) return false;
  if (r.peers.get(primary.id)?.linkUp !== true) return false;
  const frame = { kind: 'join', member: r.self, address: r.address } as const;
  r.effects.push({ kind: 'sendToPeer', peer: primary.id, frame });
  return true;
}
