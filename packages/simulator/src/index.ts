/** Whole groups on a virtual network and clock, broken by seed. */
export type { Ending } from './ending/settle.js';
export { DRIFT_WITHIN_BOUND, type Drift, FAULTS, type Fault, type PlanLimits } from './plan/plan.js';
export { type RunResult, type SimulateOptions, simulate } from './run.js';
export type { TraceEvent, Tracer } from './trace/event.js';
