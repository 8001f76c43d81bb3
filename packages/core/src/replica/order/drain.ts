/**
 * Lets waiting handlers end before a checkpoint is taken, by holding back new messages for a bounded time.
 *
 * A checkpoint cannot include the local variables of a handler that still waits for a nested reply. New messages are
 * held back only for a while, since nobody knows how long other services take to answer.
 */

import { isAtRest } from '../state/base.js';
import type { PrimaryState } from '../state/primary-state.js';

/** How long new messages wait, in milliseconds. Then they go on for three times as long, and wait again. */
export const NESTED_DRAIN_MS = 250;
const DRAIN_CYCLE_MS = 4 * NESTED_DRAIN_MS;

/** Whether new messages wait now because a checkpoint is wanted. If the backlog is full, they wait until it is made. */
export function drains(p: PrimaryState): boolean {
  const { r } = p;
  const { nested } = r;
  if (isAtRest(r)) return false;
  // Nothing is gained by waiting for a timer that is due in a minute.
  if (r.timers.raw > 0 && !p.backlogFull) return false;
  nested.drainSinceMs ??= r.nowMs;
  return p.backlogFull || (r.nowMs - nested.drainSinceMs) % DRAIN_CYCLE_MS < NESTED_DRAIN_MS;
}
