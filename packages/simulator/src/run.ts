/** Plays the run of a seed, from its plan to its result. */
import { play } from './course.js';
import type { Choices } from './draw/choices.js';
import { Random } from './draw/random.js';
import { withDrill } from './drills/with-drill.js';
import type { Ending } from './ending/settle.js';
import { describeMode, describePlan } from './plan/describe.js';
import { drawPlan } from './plan/draw.js';
import {
  withAgenda,
  withCopies,
  withDeaths,
  withDigests,
  withNested,
  withNestedStreams,
  withOnce,
  withOneWay,
  withOrdering,
  withStreams,
  withThreads,
  withTimers,
  withUpgrade,
  withValues,
} from './plan/extras.js';
import type { Plan, PlanLimits } from './plan/plan.js';
import { Simulation } from './simulation.js';
import type { Tracer } from './trace/event.js';
import { reasonOf } from './violation.js';

/** The limits of a run, and the reader of its trace. */
export interface SimulateOptions extends PlanLimits {
  readonly tracer?: Tracer;
}

export interface RunResult {
  readonly seed: bigint;
  readonly mode: string;
  readonly ending: Ending | 'violated';
  readonly steps: number;
  /** How many operations applications asked for. */
  readonly operations: number;
  readonly virtualMs: number;
  /** How many linearizability checks, of at most two a run, were given up as too slow. */
  readonly undecided: number;
  /** The promise that did not hold, if the run is violated. */
  readonly reason: string | undefined;
}

/** Constants that turn the seed of a run into the seed of an extra. */
const STREAMS = 0x57_7265_616d_73n << 13n;
const ONE_WAY = 0x6f_6e65_5761_79n << 11n;
const COPIES = 0x63_6f70_6965_73n << 12n;
const NESTED = 0x6e_6573_7465_64n << 15n;
const TIMERS = 0x7469_6d65_7273n << 10n;
const ORDERING = 0x6f_7264_6572_696en << 9n;
const UPGRADE = 0x75_7067_7261_6465n << 7n;
const THREADS = 0x74_6872_6561_64n << 14n;
const DEADLY = 0x64_6561_646c_79n << 15n;
const NESTED_STREAMS = 0x69_7465_6d73n << 16n;
const ONCE = 0x6f_6e63_65n << 17n;
const AGENDA = 0x61_6765_6e64_61n << 12n;
const VALUES = 0x7661_6c75_6573n << 9n;
const DIGESTS = 0x6469_6765_7374n << 7n;

/**
 * Plays the run of a seed; the same seed gives the same run. Never throws: whatever a process throws is a violation.
 *
 * @param seed 64 bits
 */
export function simulate(seed: bigint, { tracer, ...limits }: SimulateOptions = {}): RunResult {
  const choices = new Random(seed);
  const plan = planOf(seed, choices, limits);
  tracer?.plan(`seed ${seed}: ${describePlan(plan)}`);
  const simulation = new Simulation(plan, choices, tracer);
  const result = (ending: RunResult['ending'], reason?: string): RunResult => ({
    seed,
    mode: describeMode(plan.config),
    ending,
    steps: simulation.steps,
    operations: simulation.history.operations.length,
    virtualMs: simulation.nowMs,
    undecided: simulation.history.undecided,
    reason,
  });
  try {
    return result(play(simulation));
  } catch (error) {
    const reason = reasonOf(error);
    tracer?.violation(reason);
    return result('violated', reason);
  }
}

/** Each extra is drawn from a seed of its own, so that runs without it stay what they were. */
export function planOf(seed: bigint, choices: Choices, limits: PlanLimits): Plan {
  const base = withDrill(drawPlan(choices, limits), choices, limits);
  const oneWay = withOneWay(base, new Random(seed ^ ONE_WAY), limits);
  const streams = withStreams(oneWay, new Random(seed ^ STREAMS), limits);
  const nested = withNested(streams, new Random(seed ^ NESTED), limits);
  const timed = withTimers(nested, new Random(seed ^ TIMERS), limits);
  const ordered = withOrdering(timed, new Random(seed ^ ORDERING));
  const copies = withCopies(ordered, new Random(seed ^ COPIES));
  const threads = withThreads(copies, new Random(seed ^ THREADS), limits);
  const upgrade = withUpgrade(threads, new Random(seed ^ UPGRADE), limits);
  const deaths = withDeaths(upgrade, new Random(seed ^ DEADLY), limits);
  const digests = withDigests(deaths, new Random(seed ^ DIGESTS), limits);
  const agenda = withAgenda(digests, new Random(seed ^ AGENDA), limits);
  const values = withValues(agenda, new Random(seed ^ VALUES), limits);
  const once = withOnce(values, new Random(seed ^ ONCE), limits);
  return withNestedStreams(once, new Random(seed ^ NESTED_STREAMS), limits);
}
