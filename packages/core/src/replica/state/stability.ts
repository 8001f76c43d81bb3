/** Concludes from the acknowledgments of the in-sync backups which orders are stable and whether the lease holds. */

import type { ConnectionId, OrderNum } from '../../model/ids.js';
import type { GroupRecord, Member } from '../../model/record.js';
import { sameMember } from '../../record/transitions.js';
import type { Peer, Peers } from './peers.js';

/**
 * The members, besides the primary itself, whose acknowledgments count. While a change of the set is in flight or its
 * outcome is unknown, the members of the old *and* of the new set count (PacificA, 2.2). A replica that is about to be
 * added counts even before the change is proposed.
 */
export function requiredMembers(
  self: Member,
  record: GroupRecord,
  inFlight: GroupRecord | undefined,
  peers: Peers,
): Member[] {
  const required: Member[] = [];
  const sets =
    inFlight === undefined
      ? [record.inSync]
      : [/* rule old-set-counts */ record.inSync, /* rule new-set-counts */ inFlight.inSync];
  for (const member of sets.flat()) {
    if (!sameMember(member, self) && !required.some((other) => sameMember(other, member))) required.push(member);
  }
  for (const { member, learner } of peers.values()) {
    if (/* rule entering-counts */ learner === 'entering' && !required.some((other) => sameMember(other, member)))
      required.push(member);
  }
  return required;
}

/** Evaluates the acknowledgments of the members that count. */
export class Stability {
  #required: readonly (Peer | undefined)[] = [];

  /** Sets the members that count. A member that this replica never heard of acknowledges nothing. */
  require(members: readonly Member[], peers: Peers): void {
    this.#required = members.map((member) => {
      const peer = peers.get(member.id);
      return peer !== undefined && sameMember(peer.member, member) ? peer : undefined;
    });
  }

  counts(peer: Peer): boolean {
    return this.#required.includes(peer);
  }

  /** Whether this replica is alone, so that no acknowledgment is needed. */
  get alone(): boolean {
    return this.#required.length === 0;
  }

  /** The order up to which every in-sync backup holds everything; `last` if there are no backups. */
  stableUpTo(last: OrderNum): OrderNum {
    let stable = last;
    for (const peer of this.#required) {
      const held = peer?.heldUpTo ?? (0 as OrderNum);
      if (/* rule held-by-all */ held < stable) stable = held;
    }
    return stable;
  }

  /** The order up to which every backup that executes has done so. */
  executedUpTo(last: OrderNum): OrderNum {
    let processed = last;
    for (const peer of this.#required) {
      if (peer?.byCopy === true) continue;
      const upTo = peer?.processedUpTo ?? (0 as OrderNum);
      if (upTo < processed) processed = upTo;
    }
    return processed;
  }

  /** The last order that every in-sync backup knows the primary to have processed; infinite if there is no backup. */
  get toldUpTo(): number {
    let told = Number.POSITIVE_INFINITY;
    for (const peer of this.#required) told = Math.min(told, peer?.toldUpTo ?? 0);
    return told;
  }

  /**
   * Whether this primary holds the lease (DESIGN 5.5): every in-sync backup acknowledged a heartbeat that was *sent*
   * within `leaseMs`.
   */
  holdsLease(nowMs: number, leaseMs: number): boolean {
    for (const peer of this.#required) {
      if (peer === undefined || nowMs - peer.ackedHeartbeatMs >= leaseMs) return false;
    }
    return true;
  }

  /** Whether every in-sync backup would ask this session before it became primary. */
  registeredByAll(connection: ConnectionId): boolean {
    /* rule registered-with-all */ for (const peer of this.#required)
      if (peer === undefined || !peer.registered.has(connection)) return false;
    return true;
  }
}
