/** Clocks may differ in rate by this much; leases and sessions are stretched or shortened by it (DESIGN 5.5). */
export const CLOCK_DRIFT = 0.05;
