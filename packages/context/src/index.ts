/** The tie between a call and the handler that makes it, across the packages of servers and clients. */
export {
  callsExpected,
  currentHandling,
  expectCalls,
  type Handling,
  handle,
  type NestedCallHandle,
  type NestedRequest,
  type SendNested,
  type SentCall,
} from './handling.js';
