/** The possible moves at a step of a window. */
import type { Act } from '../../act.js';
import type { ServerHost } from '../../hosts/replica/server-host.js';
import type { Simulation } from '../../simulation.js';
import type { Queue } from './queue.js';
import { LEASE_MS } from './scenario.js';

/** The time that passes when no other move is possible. */
export const TICK_MS = 20;
/** A delay so long that leases run out, but too short to end sessions. */
const STANDSTILL_MS = Math.ceil(1.25 * LEASE_MS);
/** A delay so long that the other replica has taken over before the frame arrives. */
const LATE_MS = 2 * LEASE_MS;

/**
 * A move that is possible at a step of the window. The first move of a step is the default; all others are deviations.
 */
export type Move =
  /** This act happens now. */
  | { readonly kind: 'act'; readonly act: Act }
  /** Time passes although acts are possible. */
  | { readonly kind: 'time'; readonly ms: number }
  /**
   * This act waits until no other is possible, or for as long as a failover takes. The oldest other act happens now.
   */
  | { readonly kind: 'hold'; readonly act: Act; readonly ms: number }
  | { readonly kind: 'restart'; readonly server: ServerHost };

/** @param ready the possible acts, oldest first */
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
 * Tells whether an act may be late: frames, RPCs, handlers and requests to the coordinator may. Flushes and connects,
 * which are plain objects without a class, may not.
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
