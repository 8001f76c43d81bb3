/** How far this library trusts clocks. */

/** Clocks may differ in rate by this fraction. Leases and sessions are stretched or shortened by it (DESIGN 5.5). */
export const CLOCK_DRIFT = 0.05;
