/** The order in which the search reaches schedules. */
import type { Played } from '../window/play.js';
import type { Decision, Schedule } from './schedule.js';

/** The bound of the search: how far schedules may leave the default course. */
export interface Bound {
  /** The most steps that make another move than the first. */
  readonly deviations: number;
  /** The most processes that crash. */
  readonly crashes: number;
  /** The most deviations and crashes together. */
  readonly together: number;
}

/** A schedule, and the place in its run before which it gets no further decision. */
export interface Node {
  readonly schedule: Schedule;
  readonly decidedUpTo: number;
}

export const ROOT: Node = { schedule: [], decidedUpTo: Number.NEGATIVE_INFINITY };

/** Within a step the move comes first, then the processes that it makes crash, then the frames lost with them. */
const PLACES = 4096;
const MOVE = 0;
const CRASH = 1024;
const DRAW = 2048;

/**
 * Returns the schedules with one more decision than this one. The new decision comes after all others, so each set of
 * decisions arises once. A draw costs nothing, because all outcomes of a crash belong to the crash itself.
 *
 * @param played the run of the schedule of `node`
 */
export function* childrenOf(node: Node, played: Played, bound: Bound): Generator<Node> {
  const { deviations, crashes } = costOf(node.schedule);
  yield* draws(node, played);
  if (deviations + crashes >= bound.together) return;
  if (crashes < bound.crashes) yield* withCrash(node, played);
  if (deviations < bound.deviations) yield* withMove(node, played);
}

export function costOf(schedule: Schedule): { readonly deviations: number; readonly crashes: number } {
  const count = (kind: Decision['kind']) => schedule.filter((one) => one.kind === kind).length;
  return { deviations: count('move'), crashes: count('crash') };
}

function* draws(node: Node, { draws }: Played): Generator<Node> {
  for (const [draw, { n, step }] of draws.entries()) {
    const place = step * PLACES + DRAW + draw;
    for (let value = 1; value < n; value++) yield* behind(node, place, { kind: 'draw', draw, value });
  }
}

function* withCrash(node: Node, { hosts, effects }: Played): Generator<Node> {
  for (const [h, host] of hosts.entries()) {
    yield* behind(node, -PLACES + CRASH + h, { kind: 'crash', host, effects: 0 });
    let before = 0;
    for (const [step, counts] of effects.entries()) {
      const after = counts[h] ?? 0;
      for (let n = before + 1; n <= after; n++)
        yield* behind(node, step * PLACES + CRASH + h, { kind: 'crash', host, effects: n });
      before = after;
    }
  }
}

function* withMove(node: Node, { moves }: Played): Generator<Node> {
  for (const [step, n] of moves.entries()) {
    for (let move = 1; move < n; move++) yield* behind(node, step * PLACES + MOVE, { kind: 'move', step, move });
  }
}

function* behind({ schedule, decidedUpTo }: Node, place: number, decision: Decision): Generator<Node> {
  if (place > decidedUpTo) yield { schedule: [...schedule, decision], decidedUpTo: place };
}
