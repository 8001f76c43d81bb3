import type { Carrier, Multicast, Release, Replication } from '@understudy/core';

/** What a user chooses about a replicated service. */
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
  /** Full name, with its package. */
  readonly service: string;
  /** Methods that change nothing. */
  readonly reads: readonly string[];
}

/** The gRPC service config that the replicas and the clients of a service are given alike. */
export function serviceConfigOf({ group, service, reads }: Replicable, mode: Mode) {
  const { replication, multicast, release, carrier, leaseMs } = mode;
  const name = reads.map((method) => ({ service, method }));
  const methods = name.length === 0 ? [] : [{ name, readOnly: true }];
  const understudy = { group, replication, multicast, release, carrier, leaseMs, methods };
  return { loadBalancingConfig: [{ understudy }] };
}
