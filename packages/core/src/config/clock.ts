/** How far this library trusts clocks. */

/** Clocks may differ in rate by this fraction. Leases and sessions are stretched or shortened by it (DESIGN 5.5). */
export const CLOCK_DRIFT = 0.05;

/** The loop may always be blocked for this long: no handler is to blame for garbage collection or a busy machine. */
const BLOCKED_MIN_MS = 1_000;
const BLOCKED_MIN_LEASES = 3;

/**
 * How long the main thread of a replica may be blocked, in milliseconds, before the others count it as dead although
 * its liveness thread is not silent: `stallMs`, but never so little that a pause shorter than a second counts.
 */
export const blockedMaxMs = ({ stallMs, leaseMs }: { readonly stallMs: number; readonly leaseMs: number }): number =>
  Math.max(stallMs, BLOCKED_MIN_MS, BLOCKED_MIN_LEASES * leaseMs);
