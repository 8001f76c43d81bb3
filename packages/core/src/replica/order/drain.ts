import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';

/*
 * What a handler knows that waits, for a reply or after one, is in no checkpoint. So when one is wanted new messages wait
 * until such handlers have come to their ends; but not for ever, since nobody knows how long others take.
 */

/** New messages wait so long, and then go on three times as long. */
export const NESTED_DRAIN_MS = 250;
const DRAIN_CYCLE_MS = 4 * NESTED_DRAIN_MS;

/** No call is open, and no handler waits. */
export const isAtRest = (r: ReplicaState): boolean =>
  r.nested.open === 0 && /* rule finished-before-checkpoint */ r.unfinished.size === 0;

/** A checkpoint is wanted: whether new messages wait for it now. At the bound of a backlog they wait until it is made. */
export function drains(p: PrimaryState): boolean {
  const { r } = p;
  const { nested } = r;
  if (isAtRest(r)) return false;
  nested.drainSinceMs ??= r.nowMs;
  return p.backlogFull || (r.nowMs - nested.drainSinceMs) % DRAIN_CYCLE_MS < NESTED_DRAIN_MS;
}
