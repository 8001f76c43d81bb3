import type { Carrier, Multicast, Release, Replication } from '@understudy/core';

/** What a user chooses about a replicated bank. */
export interface Mode {
  readonly replication: Replication;
  readonly multicast: Multicast;
  readonly release: Release;
  readonly carrier: Carrier;
  readonly leaseMs: number;
}

export const BANK_GROUP = 'bank';
const SERVICE = 'bank.v1.Bank';

/** The gRPC service config that the replicas and the clients of a bank are given alike. */
export function bankServiceConfig({ replication, multicast, release, carrier, leaseMs }: Mode) {
  const readOnly = ['GetBalance', 'Audit', 'History'].map((method) => ({ service: SERVICE, method }));
  const understudy = {
    group: BANK_GROUP,
    replication,
    multicast,
    release,
    carrier,
    leaseMs,
    methods: [{ name: readOnly, readOnly: true }],
  };
  return { loadBalancingConfig: [{ understudy }] };
}
