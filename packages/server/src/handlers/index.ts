/** From gRPC calls to requests, and from what handlers do to outcomes. */
export { type Admission, type AdmitOptions, type AdmitResult, admit } from './admission.js';
export { answer, failStream, failWith, type IncomingCall, incomingCall } from './answer.js';
export type { Arrival, Gateway, StreamArrival } from './arrival.js';
export type { CapturedMethod, CapturedStream, CapturedUnary } from './captured.js';
export { applyChange, encodeChange } from './change.js';
export type { HandlerFault } from './handler-fault.js';
export { HandlerRegistry, type HandlerRegistryOptions } from './registry.js';
export { type RunContext, type RunningCall, runUnary } from './run-unary.js';
export { StreamExecution, type StreamExecutionOptions } from './stream-execution.js';
export { type PassageEvents, StreamPassage } from './stream-passage.js';
