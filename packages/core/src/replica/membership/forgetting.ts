/**
 * Removes replicas that are gone for good from the record, so that the record does not grow with every new name and no
 * replica dials the dead for ever.
 */

import type { ReplicaId } from '../../model/ids.js';
import { forgetMembers, MEMBERS_MAX } from '../../record/transitions.js';
import type { PrimaryState } from '../state/primary-state.js';
import { proposeChange } from './record-changes.js';

/** Notes which replicas are gone, and forgets those that have been gone for `forgetMs`. */
export function forgetGone(p: PrimaryState): void {
  const { r } = p;
  const { record } = r;
  if (record === undefined) return;
  const outside = outsiders(p);
  for (const id of p.goneSinceMs.keys()) if (!outside.includes(id)) p.goneSinceMs.delete(id);
  const gone = outside.filter((id) => {
    if (r.peers.isConnected(id)) {
      p.goneSinceMs.delete(id);
      return false;
    }
    const sinceMs = p.goneSinceMs.get(id);
    if (sinceMs === undefined) p.goneSinceMs.set(id, r.nowMs);
    return sinceMs !== undefined && r.nowMs - sinceMs >= r.config.forgetMs;
  });
  if (gone.length === 0) return;
  if (!proposeChange(r, forgetMembers(record, gone), 'forget')) return;
  for (const id of gone) r.log('info', 'the group forgets a replica that has been gone for long', { peer: id });
}

/** The replicas that the record names, and that are not in sync. */
function outsiders({ r }: PrimaryState): ReplicaId[] {
  const { record } = r;
  if (record === undefined) return [];
  return (Object.keys(record.addresses) as ReplicaId[]).filter((id) => !record.inSync.some((one) => one.id === id));
}

/**
 * Makes room in the record for a replica that it does not name yet.
 *
 * @returns the replicas that must leave for it, those gone for longest; undefined if too many replicas run
 */
export function roomFor(p: PrimaryState, id: ReplicaId): readonly ReplicaId[] | undefined {
  const { r } = p;
  const { addresses = {} } = r.record ?? {};
  const tooMany = Object.keys(addresses).length + 1 - MEMBERS_MAX;
  if (Object.hasOwn(addresses, id) || tooMany <= 0) return [];
  const sinceMs = (other: ReplicaId): number => p.goneSinceMs.get(other) ?? r.nowMs;
  const gone = outsiders(p).filter((other) => !r.peers.isConnected(other));
  if (gone.length < tooMany) return undefined;
  return gone.sort((a, b) => sinceMs(a) - sinceMs(b)).slice(0, tooMany);
}

/** The reason why a replica is not taken in while the record has no room. */
export const NO_ROOM = `the group already has ${MEMBERS_MAX} replicas that run, which is the most it can have; stop one`;

/**
 * An operator removes a replica from the record.
 *
 * @returns why that is not possible, in a sentence; undefined if it is under way
 */
export function removeByName(p: PrimaryState, id: ReplicaId): string | undefined {
  const { r } = p;
  const { record } = r;
  if (record === undefined || !Object.hasOwn(record.addresses, id)) return `the record does not name ${id}`;
  if (id === r.self.id) return `${id} is the primary; let it step down first`;
  if (r.peers.isConnected(id)) return `${id} runs, and would join again; stop it first`;
  if (proposeChange(r, forgetMembers(record, [id]), 'remove')) return undefined;
  return 'another change of the record is under way; try again';
}
