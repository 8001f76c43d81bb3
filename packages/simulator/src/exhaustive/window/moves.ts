import type { Act } from '../../act.js';
import type { ServerHost } from '../../hosts/replica/server-host.js';
import type { Simulation } from '../../simulation.js';
import type { Queue } from './queue.js';
import { LEASE_MS } from './scenario.js';

/** So much time passes when nothing else is possible. */
export const TICK_MS = 20;
/** So long that leases run out, but shorter than what ends sessions. */
const STANDSTILL_MS = Math.ceil(1.25 * LEASE_MS);
/** So long that the other replica has taken over when the frame arrives at last. */
const LATE_MS = 2 * LEASE_MS;

/** What may come next at a step of the window. The first of a step is the default course; each other is a deviation. */
export type Move =
  /** This happens now. */
  | { readonly kind: 'act'; readonly act: Act }
  /** Time passes, whatever is on its way. */
  | { readonly kind: 'time'; readonly ms: number }
  /**
   * This act waits until nothing else is possible, or for as long as a failover takes. The oldest other act happens
   * now.
   */
  | { readonly kind: 'hold'; readonly act: Act; readonly ms: number }
  | { readonly kind: 'restart'; readonly server: ServerHost };

/** @param ready oldest first */
export function movesAt(simulation: Simulation, ready: readonly Act[]): Move[] {
  const moves: Move[] = ready.map((act) => ({ kind: 'act', act }));
  const [oldest, second] = ready;
  if (oldest === undefined) {
    moves.push({ kind: 'time', ms: TICK_MS });
  } else {
    if (isOnItsWay(oldest)) {
      if (second !== undefined) moves.push({ kind: 'hold', act: oldest, ms: Number.POSITIVE_INFINITY });
      moves.push({ kind: 'hold', act: oldest, ms: LATE_MS });
    }
    moves.push({ kind: 'time', ms: TICK_MS }, { kind: 'time', ms: STANDSTILL_MS });
  }
  for (const server of simulation.servers) if (!server.alive) moves.push({ kind: 'restart', server });
  return moves;
}

/**
 * Frames, RPCs, handlers and requests to the coordinator may be late. Flushes and connects are objects of no class, and
 * have no delay.
 */
const isOnItsWay = (act: Act): boolean => Object.getPrototypeOf(act) !== Object.prototype;

export function carryOut(simulation: Simulation, queue: Queue, move: Move): void {
  switch (move.kind) {
    case 'act':
      return queue.take(move.act);
    case 'time':
      return simulation.passTime(move.ms);
    case 'hold':
      return queue.hold(move.act, simulation.nowMs + move.ms);
    case 'restart':
      return move.server.start();
  }
}
