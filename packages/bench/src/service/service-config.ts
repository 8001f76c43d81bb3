/** The ways to replicate the measured service. */
import type { Carrier, Multicast, Release, Replication } from '@understudy/core';
import { parseServiceConfig } from '@understudy/core/internal';

export const REPLICATIONS = ['semi-active', 'passive'] as const satisfies readonly Replication[];
export const MULTICASTS = ['direct', 'destination'] as const satisfies readonly Multicast[];
export const CARRIERS = ['stream', 'rpc'] as const satisfies readonly Carrier[];
export const RELEASES = ['concurrent', 'acknowledged'] as const satisfies readonly Release[];

/** How the measured service is replicated. */
export interface Mode {
  readonly replication: Replication;
  readonly multicast: Multicast;
  readonly release: Release;
  readonly carrier: Carrier;
  readonly leaseMs: number;
  /** Orders between two checkpoints of a passive group. Absent: the library's default. */
  readonly checkpointEvery?: number;
  /** Absent: the library's default. */
  readonly sessionsMax?: number;
  /** Whether backups answer the reads. */
  readonly readsFromBackups?: true;
}

export const GROUP = 'counter';

/** The lease of a group whose settings name none. */
export const DEFAULT_LEASE_MS = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: GROUP } }] }).leaseMs;

/** The gRPC service config that replicas and clients are given alike. */
export function serviceConfigOf({ readsFromBackups, ...mode }: Mode): object {
  const reads = { name: [{ service: 'bench.v1.Counter', method: 'Total' }], readOnly: true };
  const methods = [readsFromBackups === true ? { ...reads, readFrom: 'backup' } : reads];
  return { loadBalancingConfig: [{ understudy: { group: GROUP, methods, ...mode } }] };
}
