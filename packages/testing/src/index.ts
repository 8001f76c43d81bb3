/** Tests replicated gRPC services: whole groups in one process. */
export type { CallOutcome, TestCall } from './calls/make-call.js';
export { type ClientClass, inProcessGroup, type Logged, type TestGroup } from './group/in-process-group.js';
export type { GroupOptions } from './group/options.js';
export type { MakeService, ServiceAdder, TestedService } from './service.js';
