import type { ClientOptions } from '@grpc/grpc-js';
import { Session } from '@understudy/core/internal';
import { type ReplicatedOptions, replicatedWith } from '../replicated.js';
import type { MakeSession } from '../session-port.js';
import { serviceConfig } from './echo.js';

interface TestOptions extends Omit<Partial<ReplicatedOptions>, 'serviceConfig'> {
  readonly methodConfig?: readonly object[];
  readonly session?: MakeSession;
}

/** The options of `replicated` for the test service. */
export function replicatedForTest({ methodConfig = [], session, ...options }: TestOptions = {}): ClientOptions {
  const withMethods = { ...serviceConfig, methodConfig };
  return replicatedWith({ serviceConfig: withMethods, ...options }, session ?? ((setup) => new Session(setup)));
}
