/** Checks that the replicas of a group at rest hold the same. */
import { isInSync } from '@understudy/core/internal';
import type { ServerHost } from '../hosts/replica/server-host.js';
import { executes } from '../hosts/upgrade/executes.js';
import { demand } from '../violation.js';
import { asksNothing, type KeptWorld } from './kept.js';

/** The replicas, which must all come to the same state. */
export type ReplicasWorld = KeptWorld;

export function describeReplicas(world: ReplicasWorld): string {
  return world.servers
    .map(({ name, core, status }) =>
      core && status
        ? `${name} ${status.role} term ${status.term} held ${status.heldUpTo} processed ${status.processedUpTo} stable ${status.stableUpTo}${status.openNested > 0 ? ` asks ${status.openNested}` : ''}${core.status.blocked ? ' blocked' : ''}`
        : `${name} gone`,
    )
    .join('; ');
}

export function areTogether(world: ReplicasWorld): boolean {
  if (!asksNothing(world)) return false;
  const { record } = world.coordinator;
  const primary = primaryOf(world);
  if (record === undefined || primary === undefined) return false;
  const upTo = primary.status?.processedUpTo;
  if (world.servers.some((server) => differs(world, server, primary))) return false;
  return world.servers.every((server) => {
    const { alive, member, status, jobs } = server;
    if (!alive) return true;
    if (jobs.list.length > 0) return false;
    const reached = executes(record, server) ? status?.processedUpTo : status?.heldUpTo;
    return isInSync(record, member) && reached === upTo;
  });
}

/** The replica that serves as primary. */
export const primaryOf = (world: ReplicasWorld): ServerHost | undefined =>
  world.servers.find(({ alive, status }) => alive && status?.role === 'primary');

/**
 * Whether a replica processed as much as the primary with another result, or has another state, and did not report it.
 */
const differs = (world: ReplicasWorld, server: ServerHost, primary: ServerHost): boolean => {
  const { alive, status, noticedDivergence } = server;
  if (!alive || noticedDivergence || status?.processedUpTo !== primary.status?.processedUpTo) return false;
  if (status?.digest !== primary.status?.digest) return true;
  if (world.plan.digests === undefined || !executes(world.coordinator.record, server)) return false;
  // States are compared after the next order.
  if ([server, primary].some(({ life }) => life.strayedAt === status?.processedUpTo)) return false;
  return Buffer.compare(server.life.checkpoint(), primary.life.checkpoint()) !== 0;
};

/** Checks that all replicas hold the same, or reported that they differ. */
export function checkReplicas(world: ReplicasWorld): ServerHost {
  const primary = primaryOf(world);
  demand(primary !== undefined, () => 'there is no primary');
  const mine = primary.life.service.operations.join(' ');
  demand(
    new Set(primary.life.service.operations).size === primary.life.service.length,
    () => `something took effect twice: ${mine}`,
  );
  for (const server of world.servers) {
    const { name, alive, status, noticedDivergence, life } = server;
    demand(!differs(world, server, primary), () => `${name} differs from the primary, and nobody noticed`);
    if (!alive || noticedDivergence || status?.processedUpTo !== primary.status?.processedUpTo) continue;
    // A passive backup has only the state of its checkpoint.
    if (!executes(world.coordinator.record, server)) continue;
    const theirs = life.service.operations.join(' ');
    demand(theirs === mine, () => `${name} has ${theirs}, the primary ${mine}`);
  }
  return primary;
}
