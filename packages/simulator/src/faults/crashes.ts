/** Faults that end or pause processes, and that lose the record. */
import { isInSync } from '@understudy/core/internal';
import type { Host } from '../hosts/host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { FaultWorld } from './world.js';

/** A process that crashes between two effects does so within this many. */
const EFFECTS_TO_CRASH = 24;

/**
 * Whether a replica may crash. Crashes that leave no replica in sync are rare, because little can be learned after
 * them.
 */
export function mayCrash({ coordinator, servers, choices }: FaultWorld, server: ServerHost): boolean {
  const { record } = coordinator;
  if (record === undefined || !isInSync(record, server.member)) return true;
  const others = servers.filter(
    (other) => other !== server && other.alive && isInSync(record, other.member) && !isDoomed(other),
  );
  return others.length > 0 || choices.chance(0.02);
}

const isDoomed = ({ crashesAfter }: Host): boolean => crashesAfter !== Number.POSITIVE_INFINITY;

/** Crashes a process now, or soon between two effects. */
function crash({ choices }: FaultWorld, host: Host): void {
  if (choices.chance(0.5)) host.crash();
  else host.crashesAfter = choices.below(EFFECTS_TO_CRASH);
}

export function crashOrRestartServer(world: FaultWorld): void {
  const server = world.choices.pick(world.servers);
  if (!server.alive) server.start();
  else if (mayCrash(world, server)) crash(world, server);
}

export function crashOrRestartClient(world: FaultWorld): void {
  const client = world.choices.pick(world.clients);
  if (client.dead) client.restart();
  else if (client.alive) crash(world, client);
}

/** Crashes a client and the primary at the same moment. */
export function crashTogether(world: FaultWorld): void {
  const primary = world.servers.find(({ alive, status }) => alive && status?.role === 'primary');
  if (primary === undefined || !mayCrash(world, primary)) return;
  const client = world.choices.maybe(world.clients.filter(({ alive }) => alive));
  crash(world, primary);
  if (client !== undefined) crash(world, client);
}

export function pause(world: FaultWorld, host: Host, ms: number): void {
  if (!host.runs) return;
  world.fault([host], `pauses for ${ms.toFixed(0)} ms`);
  host.pausedUntilMs = world.nowMs + ms;
}

export function crashCoordinator(world: FaultWorld, ms: number): void {
  const until = world.nowMs + ms;
  world.fault([], `coordinator: crashes, back at ${until.toFixed(0)}`);
  world.coordinator.crash(until);
}

/**
 * Deletes the record. Where every running replica knows the newest record, it may be rolled back instead: a replica
 * that knew only the older one would go by it.
 */
export function loseRecord(world: FaultWorld): void {
  const { coordinator, servers, choices } = world;
  const { record, hasLost } = coordinator;
  // A record that is created or put back late looks like one that is wanted now.
  const mayComeLate = coordinator.requests.some(({ reason }) => reason === 'create' || reason === 'put back');
  if (record === undefined || hasLost || mayComeLate) return;
  // A change on its way is one that its replica does not know of yet, and it follows the older record.
  const allKnow =
    coordinator.requests.length === 0 && servers.every(({ alive, status }) => !alive || status?.epoch === record.epoch);
  const epoch = allKnow && choices.chance(0.4) ? choices.below(record.epoch) : 0;
  const isTold = choices.chance(0.5);
  world.fault(
    [],
    `the record is ${epoch === 0 ? 'deleted' : `rolled back to epoch ${epoch}`}${isTold ? ', told' : ''}`,
  );
  coordinator.lose(epoch, isTold);
}
