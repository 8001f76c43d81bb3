import { Random } from './draw/random.js';
import type { Ending } from './ending/settle.js';
import {
  describeMode,
  describePlan,
  drawPlan,
  type PlanLimits,
  withNested,
  withOneWay,
  withStreams,
} from './plan/plan.js';
import { Simulation } from './simulation.js';
import type { Tracer } from './trace/event.js';

export interface SimulateOptions extends PlanLimits {
  readonly tracer?: Tracer;
}

export interface RunResult {
  readonly seed: bigint;
  readonly mode: string;
  readonly ending: Ending | 'violated';
  readonly steps: number;
  /** Operations that applications asked for. */
  readonly operations: number;
  readonly virtualMs: number;
  /** Checks for linearizability, of at most two a run, that would have taken too long. */
  readonly undecided: number;
  /** Of a violation: what did not hold. */
  readonly reason: string | undefined;
}

/** Make other seeds of a seed. */
const STREAMS = 0x57_7265_616d_73n << 13n;
const ONE_WAY = 0x6f_6e65_5761_79n << 11n;
const NESTED = 0x6e_6573_7465_64n << 15n;

/**
 * Plays the run of a seed; the same seed gives the same run. Never throws: whatever a process throws is a violation.
 *
 * @param seed 64 bits
 */
export function simulate(seed: bigint, { tracer, ...limits }: SimulateOptions = {}): RunResult {
  const choices = new Random(seed);
  const base = withOneWay(drawPlan(choices, limits), new Random(seed ^ ONE_WAY), limits);
  const withAll = withStreams(base, new Random(seed ^ STREAMS), limits);
  const plan = withNested(withAll, new Random(seed ^ NESTED), limits);
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
    return result(simulation.play());
  } catch (error) {
    const reason = reasonOf(error);
    tracer?.violation(reason);
    return result('violated', reason);
  }
}

/** Where something threw is said too, unless a check found it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'Violation' ? error.message : (error.stack ?? `${error.name}: ${error.message}`);
}
