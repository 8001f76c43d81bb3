/** A replica outside the in-sync set asks the primary to let it catch up, and says what it waits for. */

import type { ReplicaId } from '../../model/ids.js';
import type { GroupRecord, Member } from '../../model/record.js';
import { sameMember } from '../../record/transitions.js';
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
  // A primary that has fallen silent may have given this replica up while this replica was slow. The primary's liveness
  // thread would not know of that, so only the main link counts.
  if (follower !== undefined && r.nowMs - follower.lastFrameMs <= r.config.leaseMs) return false;
  if (r.peers.get(primary.id)?.linkUp !== true) return false;
  const frame = { kind: 'join', member: r.self, ...r.reached } as const;
  r.effects.push({ kind: 'sendToPeer', peer: primary.id, frame });
  return true;
}

/**
 * What a replica outside the set waits for, in a sentence for its operator.
 *
 * @param follows it has a checkpoint and follows the primary
 * @param receives a copy of the state is on its way
 * @param noCopy why the primary has no checkpoint for it
 */
export function whyNotJoined(r: ReplicaState, follows: boolean, receives: boolean, noCopy: string | undefined): string {
  const { record } = r;
  if (record === undefined) return "waits for the group's record";
  const primary = record.primary.id;
  if (record.ended) return whyNotBegun(r);
  if (follows) return `catches up with the primary ${primary}, whose log says what stands in the way if this lasts`;
  const { lost, reached } = statesOf(r, record);
  const reachesPrimary = reached.some(({ id }) => id === primary);
  if (reachesPrimary && noCopy !== undefined) {
    return `the primary ${primary} does not take this replica in: ${noCopy}`;
  }
  if (reachesPrimary && receives) return `receives a copy of the state of the primary ${primary}`;
  if (reachesPrimary) return `waits for a copy of the state of the primary ${primary}`;
  if (reached.length > 0) {
    const others = reached.map(({ id }) => id).join(', ');
    return `the primary ${primary} is not reached; waits until ${others} takes over or the primary is back`;
  }
  const names = record.inSync.map(({ id }) => (lost.has(id) ? `${id} before it was restarted` : id)).join(', ');
  return (
    `no replica is reached that holds the group's state: ${names}. Start it, or mend the network. If its state is gone ` +
    `for good, begin without it: understudy force --group ${record.group} --replica ${r.self.id}`
  );
}

/**
 * Sorts the members of the set into those that run with the group's state, as far as this replica can tell, and those
 * that were started again without it.
 */
function statesOf(r: ReplicaState, { inSync }: GroupRecord) {
  const lost = new Set<ReplicaId>([r.self.id]);
  const reached: Member[] = [];
  for (const member of inSync) {
    const peer = r.peers.get(member.id);
    if (member.id === r.self.id || peer?.linkUp !== true) continue;
    // The process that has this name now may be another life of the replica.
    if (/* rule restarted-has-no-state */ sameMember(peer.member, member)) reached.push(member);
    else lost.add(member.id);
  }
  return { lost, reached };
}

const whyNotBegun = (r: ReplicaState): string =>
  r.fresh
    ? 'the group has ended; this replica begins it anew'
    : 'the group has ended, and this process has a part of its old state; restart the process to begin anew';
