/** The tie between a handler and its replica, across the packages of servers and clients. */
export {
  callsExpected,
  containErrors,
  currentHandling,
  currentStep,
  expectCalls,
  type HandlerScope,
  type Handling,
  handle,
  type NestedCallHandle,
  type NestedRequest,
  type SendNested,
  type SentCall,
  stepRandom,
  stepTime,
  trackHandlers,
} from './handling.js';
export { outside } from './outside.js';
export { monotonicMs, REAL, realOf, realRandomNumber, wallMs } from './real.js';
export type { RandomStream, RunningStep, StepValues } from './step-values.js';
export type { TakeUncaught, UncaughtOrigin } from './uncaught.js';
