/** Faults of main threads and of the links between liveness threads. */
import type { ThreadLinks } from '../network/thread-links.js';
import type { FaultWorld } from './world.js';

/** A handler blocks the main thread of its replica; the liveness thread goes on. */
export function blockMain(world: FaultWorld, ms: number): void {
  const server = world.choices.pick(world.servers);
  if (!server.runs) return;
  world.fault([server], `its main thread is blocked for ${ms.toFixed(0)} ms`);
  server.blockedUntilMs = world.nowMs + ms;
}

/** The liveness threads of two replicas do not reach each other, in one direction or both, or do so again. */
export function cutOrMendThreads(world: FaultWorld, { cuts }: ThreadLinks): void {
  const { choices, servers } = world;
  const [a, b] = [choices.pick(servers), choices.pick(servers)];
  if (a === b) return;
  if (cuts.isCutBetween(a.name, b.name)) {
    cuts.mend(a.name, b.name);
    world.fault([a, b], 'their liveness threads reach each other again');
    return;
  }
  cuts.cut(a.name, b.name);
  if (choices.chance(0.5)) cuts.cut(b.name, a.name);
  world.fault([a, b], 'their liveness threads are cut off from each other');
}
