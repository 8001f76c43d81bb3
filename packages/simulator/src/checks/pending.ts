import type { ServerHost } from '../hosts/replica/server-host.js';
import { demand } from '../violation.js';

/**
 * FIG. 7, where clients reflect: more pending announcements than pendingSourceOrderMax do not wait for a message or for
 * time to pass. So whenever everything that can happen has happened, and nothing is in the way, no more are left.
 */
export function checkPending({ name, simulation, status }: ServerHost): void {
  if (status?.role !== 'primary') return;
  const { pendingSourceOrderMax } = simulation.plan.config;
  const pending = status.heldUpTo - status.stableUpTo;
  demand(pending <= pendingSourceOrderMax, () => `${name}: ${pending} orders wait for a message to travel with`);
}
