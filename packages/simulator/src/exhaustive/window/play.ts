/** Plays one schedule. */
import { checkSafety } from '../../ending/safety.js';
import { type Ending, settle } from '../../ending/settle.js';
import { Simulation } from '../../simulation.js';
import type { Tracer } from '../../trace/event.js';
import { reasonOf } from '../../violation.js';
import type { Schedule } from '../search/schedule.js';
import { Calls } from './calls.js';
import { Effects } from './effects.js';
import { carryOut, movesAt, TICK_MS } from './moves.js';
import { Queue } from './queue.js';
import { callsOf, LEASE_MS, type Mode, planOf } from './scenario.js';
import { type Draw, Scripted } from './scripted.js';

/** Long enough for all sessions to register at all replicas. */
const WARM_UP_MS = 4 * TICK_MS;
/** The window stays open so long after its last call, so that it includes the null message after that call. */
const AFTERMATH_MS = 3 * TICK_MS;
/** The window never stays open longer. `settle` handles a group that has to wait for a dead client. */
const WINDOW_MS = 8 * LEASE_MS;
/** So many steps mean that the processes exchange messages without end. */
const STEPS_MAX = 2_000;

export interface Played {
  readonly ending: Ending | 'violated';
  /** The broken promise, if there is a violation. */
  readonly reason: string | undefined;
  /** For each step of the window, the number of possible moves. */
  readonly moves: readonly number[];
  /** For each step of the window, the number of effects of each process up to its end. */
  readonly effects: readonly (readonly number[])[];
  readonly hosts: readonly string[];
  readonly draws: readonly Draw[];
  readonly steps: number;
}

/** Plays one schedule: starts the group, plays the window, then checks every promise. Never throws. */
export function play(mode: Mode, operations: number, schedule: Schedule, tracer?: Tracer): Played {
  const answers = new Map(schedule.flatMap((one) => (one.kind === 'draw' ? [[one.draw, one.value] as const] : [])));
  const choices = new Scripted(answers);
  const simulation = new Simulation(planOf(mode), choices, tracer);
  const moves: number[] = [];
  const effects: number[][] = [];
  const result = (ending: Played['ending'], reason?: string): Played => ({
    ending,
    reason,
    moves,
    effects,
    hosts: simulation.hosts.map(({ name }) => name),
    draws: choices.draws,
    steps: simulation.steps,
  });
  try {
    warmUp(simulation);
    playWindow(simulation, choices, operations, schedule, { moves, effects });
    checkSafety(simulation);
    return result(settle(simulation));
  } catch (error) {
    const reason = reasonOf(error);
    tracer?.violation(reason);
    return result('violated', reason);
  }
}

function warmUp(simulation: Simulation): void {
  simulation.boot();
  for (let ms = 0; ms < WARM_UP_MS; ms += TICK_MS) {
    simulation.drain();
    simulation.passTime(TICK_MS);
  }
  simulation.drain();
}

function playWindow(
  simulation: Simulation,
  choices: Scripted,
  operations: number,
  schedule: Schedule,
  seen: { readonly moves: number[]; readonly effects: number[][] },
): void {
  const chosen = new Map(schedule.flatMap((one) => (one.kind === 'move' ? [[one.step, one.move] as const] : [])));
  const calls = new Calls(simulation, callsOf(operations));
  const queue = new Queue();
  const effects = new Effects(simulation.hosts, schedule);
  const untilMs = simulation.nowMs + WINDOW_MS;
  let endsAtMs = untilMs;
  choices.step = -1;
  effects.begin();
  for (let step = 0; ; step++) {
    if (step > STEPS_MAX) throw new Error('the group does not come to rest');
    if (calls.over) endsAtMs = Math.min(endsAtMs, simulation.nowMs + AFTERMATH_MS);
    const ready = queue.order([...calls.possible(), ...simulation.possible()], simulation.nowMs);
    if (ready.length === 0 && simulation.nowMs >= endsAtMs) break;
    choices.step = step;
    const moves = movesAt(simulation, ready);
    seen.moves.push(moves.length);
    const move = moves[chosen.get(step) ?? 0];
    if (move === undefined) throw new RangeError(`step ${step} has only ${moves.length} moves`);
    simulation.steps++;
    carryOut(simulation, queue, move);
    effects.arm();
    seen.effects.push(effects.counts());
  }
  choices.step = undefined;
  effects.disarm();
}
