import type { ClientOptions } from '@grpc/grpc-js';
import { Session } from '@understudy/core/internal';
import type { MakeSession } from '../session/session-port.js';
import { type ReplicatedOptions, replicatedWith } from '../setup/replicated.js';
import { serviceConfig } from './echo.js';

interface TestOptions extends Omit<Partial<ReplicatedOptions>, 'serviceConfig'> {
  readonly methodConfig?: readonly object[];
  readonly session?: MakeSession;
}

/** Makes the options of `replicated` for the test service. */
export function replicatedForTest({ methodConfig = [], session, ...options }: TestOptions = {}): ClientOptions {
  const withMethods = { ...serviceConfig, methodConfig };
  return replicatedWith({ serviceConfig: withMethods, ...options }, session ?? ((setup) => new Session(setup)));
}
