import type { ReplicaProgress } from '@understudy/core/internal';
import { demand } from '../violation.js';

/**
 * FIG. 7, where clients reflect: when more than pendingSourceOrderMax announcements are pending, they leave without
 * waiting for a message or for time to pass. So once everything that can happen has happened, and nothing was in the
 * way, no more than that are left.
 */
export function checkPending(
  { name, status }: { readonly name: string; readonly status: ReplicaProgress | undefined },
  pendingSourceOrderMax: number,
): void {
  if (status?.role !== 'primary') return;
  const pending = status.heldUpTo - status.stableUpTo;
  demand(pending <= pendingSourceOrderMax, () => `${name}: ${pending} orders wait for a message to travel with`);
}
