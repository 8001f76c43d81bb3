/** Keeps a grpc-js client's calls alive across a failover: one argument added to an existing stub. */
export { ERROR_CODES, type ErrorCode, type Logger, type LogLevel, UnderstudyError } from '@understudy/core';
export { nested } from './nested.js';
export { registerUnderstudy } from './registration.js';
export { type ReplicatedOptions, replicated, type UnderstudyClient, understudyClient } from './replicated.js';
export type { ClientStatus } from './session-host.js';
