/** From gRPC calls to requests, and from what handlers do to outcomes. */
export { type Admission, type AdmitOptions, type AdmitResult, admit } from './admission.js';
export { answer, failWith, type IncomingCall, incomingCall } from './answer.js';
export type { CapturedMethod } from './captured.js';
export { applyChange, encodeChange } from './change.js';
export { type Arrival, type Gateway, HandlerRegistry, type HandlerRegistryOptions } from './registry.js';
export { type HandlerFault, type RunContext, type RunningCall, runUnary } from './run-unary.js';
