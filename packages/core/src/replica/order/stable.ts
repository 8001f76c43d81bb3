import type { PrimaryState } from '../state/primary-state.js';

/** More orders may have become stable: what was kept for them can go, and what waited for them may leave. */
export function advanceStable(p: PrimaryState): void {
  const { r } = p;
  const stable = p.stability.stableUpTo(r.order.heldUpTo);
  if (stable <= r.stableUpTo) return;
  r.stableUpTo = stable;
  p.order.stable(stable);
  p.release.stable(stable);
  p.unstableSinceMs = stable === r.order.last ? Number.POSITIVE_INFINITY : r.nowMs;
}
