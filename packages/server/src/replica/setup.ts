/** Checks the options of `createReplica` against the service config. */

import type { Incarnation, ReplicaId, ReplicaStatus } from '@understudy/core';
import { type GroupConfig, isAddress, NO_ORDER, NOT_MEASURED, parseServiceConfig } from '@understudy/core/internal';
import { checkReachable } from '../checks/address.js';
import { setupError } from '../checks/setup-error.js';
import { checkKinds } from './option-kinds.js';
import type { ReplicaServerOptions } from './options.js';

const SECRET_MIN = 32;

/**
 * The settings of the group that a replica is to belong to.
 *
 * @throws UNDERSTUDY_CONFIG, or UNDERSTUDY_SETUP for options that contradict the service config or cannot be used
 */
export function checkOptions(options: ReplicaServerOptions): GroupConfig {
  checkKinds(options);
  const { group, serviceConfig, callerSecrets, unreplicated = [] } = options;
  const config = parseServiceConfig(serviceConfig);
  if (group !== undefined && group !== config.group) {
    throw setupError(
      `the option group is ${JSON.stringify(group)}, but the service config's is ${JSON.stringify(config.group)}; give both the same`,
    );
  }
  for (const [name, secrets] of Object.entries(callerSecrets ?? {})) {
    const each = [secrets].flat();
    if (each.length > 0 && each.every((secret) => typeof secret === 'string' && secret.length >= SECRET_MIN)) continue;
    throw setupError(`callerSecrets of ${JSON.stringify(name)} must be texts of at least ${SECRET_MIN} characters`);
  }
  return { ...config, unreplicated };
}

/** @throws UNDERSTUDY_SETUP */
export function checkAddress(address: string | undefined): string {
  if (address === undefined) {
    throw setupError('no address: give createReplica or start the host:port where other replicas reach this one');
  }
  if (isAddress(address)) {
    checkReachable(address);
    return address;
  }
  if (/^unix(-abstract)?:/.test(address)) {
    throw setupError(
      `the address ${JSON.stringify(address.slice(0, 60))} is a Unix socket, by which other replicas do not reach this one; ` +
        'bind the server to a port, too, and give its host:port; clients may use the socket',
    );
  }
  throw setupError(
    `the address ${JSON.stringify(address.slice(0, 60))} is not host:port with a port from 1 to 65535; set the address at which other replicas reach this one`,
  );
}

/** The status of a replica before its first life. */
export const notStarted = (config: GroupConfig, id: ReplicaId, version: string): ReplicaStatus => ({
  group: config.group,
  replica: { id, incarnation: '' as Incarnation },
  role: 'starting',
  term: 0,
  epoch: 0,
  primary: undefined,
  inSync: [],
  version,
  settings: '',
  members: [],
  heldUpTo: NO_ORDER,
  processedUpTo: NO_ORDER,
  stableUpTo: NO_ORDER,
  digest: '',
  statesEqualUpTo: NO_ORDER,
  forgedOrders: 0,
  poisoned: [],
  sessions: 0,
  logLength: 0,
  base: undefined,
  unordered: 0,
  refusedBodies: 0,
  keptBytes: 0,
  ...NOT_MEASURED,
  waitingToRelease: 0,
  openStreams: 0,
  openWaits: 0,
  timers: 0,
  openNested: 0,
  streams: 0,
  blocked: 'the replica was not started',
  degraded: undefined,
  leaving: undefined,
  recordChange: undefined,
});
