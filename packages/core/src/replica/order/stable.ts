/** Moves the primary's `stableUpTo` forward. */

import { backupsAnswer } from '../state/base.js';
import type { PrimaryState } from '../state/primary-state.js';

/**
 * Acknowledgments may have made more orders stable. The primary stops keeping those announcements, and replies that
 * wait for them may leave.
 */
export function advanceStable(p: PrimaryState): void {
  const { r } = p;
  const stable = p.stability.stableUpTo(r.order.heldUpTo);
  if (stable <= r.stableUpTo) return;
  p.unstableBytes = stable === r.order.last ? 0 : Math.max(0, p.unstableBytes - p.bytesBetween(r.stableUpTo, stable));
  r.stableUpTo = stable;
  p.order.stable(stable);
  p.release.stable(stable);
  if (/* rule tell-closers */ p.closerWaits || backupsAnswer(r)) r.wantFlush();
  p.unstableSinceMs = stable === r.order.last ? Number.POSITIVE_INFINITY : r.nowMs;
}
