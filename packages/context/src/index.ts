/** The tie between a handler and its replica, across the packages of servers and clients. */
export { callSite } from './call-site.js';
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
  type ParentCall,
  type SendNested,
  type SentCall,
  stepRandom,
  stepTime,
  trackHandlers,
} from './handling.js';
export { outside } from './outside.js';
export { monotonicMs, REAL, realImmediate, realOf, realRandomNumber, realTimeout, wallMs } from './real.js';
export type { Agenda, RandomStream, RunningStep, StepTimer, StepValues } from './step-values.js';
export type { TakeUncaught, UncaughtOrigin } from './uncaught.js';
