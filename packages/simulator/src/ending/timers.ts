/** Checks that repeating timers go on ringing, and that no other timer is left in the end. */
import { executes } from '../hosts/upgrade/executes.js';
import { everyOf } from '../services/timed.js';
import type { KeptWorld } from './kept.js';
import { primaryOf } from './replicas.js';

/** A period is over when some messages, which may block the primary, were processed before its timer. */
const LATE_MS = 3000;

/** So often copies may block the primary meanwhile. */
const BLOCKING_COPIES = 8;

const periodsOf = ({ plan }: KeptWorld): readonly number[] => plan.timers?.agenda?.periodsMs ?? [];

/** Within this time each timer that comes again and again rings once more, and then again. */
export function everyMs(world: KeptWorld): number {
  const longest = Math.max(0, ...periodsOf(world));
  return longest === 0 ? 0 : 2.5 * longest + LATE_MS + BLOCKING_COPIES * world.plan.copies.blockMs;
}

/** @returns whether each timer that comes again and again rang twice since, in the history of the present primary */
export function everyRings(world: KeptWorld): () => boolean {
  const names = [...everyOf(periodsOf(world)).keys()];
  const timesRung = (name: string): number => primaryOf(world)?.life.service.timesRung(name) ?? 0;
  const before = new Map(names.map((name) => [name, timesRung(name)]));
  // One that is taken for a message of death, also by chance, is refused for a while.
  const isRefused = (name: string): boolean =>
    world.coordinator.record?.deaths?.poisoned.some(({ method }) => method === `every ${name}`) === true;
  return () => names.every((name) => isRefused(name) || timesRung(name) >= (before.get(name) ?? 0) + 2);
}

/** Within this time after the last handler has begun, all have ended. */
export const HANDLERS_END_MS = LATE_MS;

/**
 * Timers that have neither rung nor been cleared as far as their service knows, on replicas that execute. In the end
 * there are none: each rang once for each time that it was due, or was cleared.
 */
export function timersLeft({ plan, coordinator, servers }: KeptWorld): readonly string[] {
  if (plan.timers?.agenda === undefined) return [];
  const { record } = coordinator;
  // A message of death is passed over, and so is a timer that is taken for one.
  if ((record?.deaths?.poisoned.length ?? 0) > 0) return [];
  return servers.flatMap((server) => {
    if (!server.alive || !executes(record, server)) return [];
    const { name, life } = server;
    const armed = [...life.service.armed.values()].map((timer) => timer.name);
    return [...armed, ...life.timed.names].map((timer) => `${timer} of ${name}`);
  });
}
