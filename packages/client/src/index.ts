/** Keeps a grpc-js client's calls alive across a failover: one argument added to an existing stub. */
export {
  type Carrier,
  ERROR_CODES,
  type ErrorCode,
  type GroupSettings,
  type Logger,
  type LogLevel,
  type MethodEntry,
  UnderstudyError,
  type UnderstudyServiceConfig,
} from '@understudy/core';
export { type FieldsLogger, logTo, logToConsole, type TextLogger } from '@understudy/grpc-common';
export type { ClientStatus } from './channel/session-host.js';
export { nested } from './nested/nested.js';
export { type MethodKinds, type MethodsChannel, replicatedChannel } from './setup/methods-channel.js';
export { registerUnderstudy } from './setup/registration.js';
export { type ReplicatedOptions, replicated, type UnderstudyClient, understudyClient } from './setup/replicated.js';
