/** Tests replicated gRPC services: whole groups in one process, and a check that handlers come to the same everywhere. */
export type { CallOutcome, TestCall } from './calls/make-call.js';
export { type CheckOptions, checkDeterminism } from './determinism/check-determinism.js';
export { DeterminismError, type Difference, type Variation } from './determinism/differences/difference.js';
export { type ClientClass, inProcessGroup, type TestGroup } from './group/in-process-group.js';
export type { Logged } from './group/logged.js';
export type { GroupOptions } from './group/options.js';
export type { MakeService, ServiceAdder, TestedService } from './service.js';
