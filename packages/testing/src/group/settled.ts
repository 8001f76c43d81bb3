/** Whether a group has come to rest, by the statuses of its replicas. */
import type { ReplicaStatus } from '@understudy/core';
import type { TestReplica } from './test-replica.js';

/** Whether all replicas have processed the same messages, or hold them if they do not process, and no handler waits. */
export function areSettled(statuses: readonly ReplicaStatus[], isPassive: boolean): boolean {
  const primary = statuses.find(({ role }) => role === 'primary');
  if (primary === undefined || primary.stableUpTo !== primary.heldUpTo) return false;
  const executes = ({ role }: ReplicaStatus): boolean => role === 'primary' || !isPassive;
  return statuses.every(
    (one) =>
      one.heldUpTo === primary.heldUpTo &&
      one.openNested === 0 &&
      (!executes(one) || one.processedUpTo === primary.heldUpTo),
  );
}

/** How far each replica is, in a sentence. */
export function describe(replicas: readonly TestReplica[]): string {
  const one = ({ id, replica: { status } }: TestReplica): string =>
    `${id} is ${status.role}, has processed ${status.processedUpTo} of ${status.heldUpTo} orders` +
    `${status.blocked === undefined ? '' : ` (${status.blocked})`}`;
  return replicas.map(one).join('; ');
}
