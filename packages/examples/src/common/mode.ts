/** The mode of an example's replication, and the gRPC service config that follows from it. */
import type { Carrier, Multicast, Release, Replication } from '@understudy/core';

/** The choices that a user has when a service is replicated. */
export interface Mode {
  readonly replication: Replication;
  readonly multicast: Multicast;
  readonly release: Release;
  readonly carrier: Carrier;
  readonly leaseMs: number;
}

/** A gRPC service, and the group that replicates it. */
export interface Replicable {
  readonly group: string;
  /** Full name of the gRPC service, package included. */
  readonly service: string;
  /** Names of the methods that change nothing. */
  readonly reads: readonly string[];
}

/** Returns the gRPC service config that all replicas and clients of a service must share. */
export function serviceConfigOf({ group, service, reads }: Replicable, mode: Mode) {
  const { replication, multicast, release, carrier, leaseMs } = mode;
  const name = reads.map((method) => ({ service, method }));
  const methods = name.length === 0 ? [] : [{ name, readOnly: true }];
  const understudy = { group, replication, multicast, release, carrier, leaseMs, methods };
  return { loadBalancingConfig: [{ understudy }] };
}
