/** Replicates the services of a grpc-js server: see `createReplica`. */
import { isProduction } from './determinism/effect-warnings.js';
import { installEffects } from './determinism/effects.js';
import { installGlobals } from './determinism/install.js';
import type { ReplicaServer, ReplicaServerOptions } from './replica/options.js';
import { ReplicaRuntime } from './replica/replica-runtime.js';

export { stepRandom, stepTime } from '@understudy/context';
export {
  type ChunkedStateSource,
  type Coordinator,
  type CoordinatorFactory,
  ERROR_CODES,
  type ErrorCode,
  type GroupSettings,
  type Logger,
  type LogLevel,
  type Member,
  type MethodEntry,
  type ReplicaId,
  type ReplicaStatus,
  type Role,
  type StateChunks,
  type StateSource,
  UnderstudyError,
  type UnderstudyServiceConfig,
} from '@understudy/core';
export { type FieldsLogger, logTo, logToConsole, type TextLogger } from '@understudy/grpc-common';
export type { CriteriaOptions, QueuedCall } from './criteria/criteria.js';
export type { HandlerTrace, HandlerTracing, TracedExecution } from './handlers/tracing.js';
export type { CallerSecrets } from './intake/identity.js';
export type { ReplicaServer, ReplicaServerOptions, StartOptions } from './replica/options.js';

// As early as possible: a module that is loaded later may take `crypto.randomUUID` or the like aside.
installGlobals();
if (!isProduction()) installEffects();

/**
 * Makes a replica of a service. Give its `interceptors()` to the grpc-js server, `attach` the server before services
 * are added, bind the server, then `start`.
 *
 * @throws UNDERSTUDY_CONFIG with the field of the service config that is wrong, UNDERSTUDY_SETUP for other options
 */
export function createReplica(options: ReplicaServerOptions): ReplicaServer {
  return new ReplicaRuntime(options);
}
