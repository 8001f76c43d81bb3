/** What a test may say about the group that it has made. */
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { GroupSettings, Logger } from '@understudy/core';
import type { ReplicaServerOptions } from '@understudy/server';

/** The options of `inProcessGroup`. */
export interface GroupOptions {
  /**
   * How many replicas start. Default 3.
   *
   * @unit replicas
   */
  readonly replicas?: number;
  /**
   * Settings of the group, as the `understudy` entry of your service config has them. Default: group `test`, and a
   * `leaseMs` of 500, so that a failover takes about a second and a busy machine causes none.
   *
   * @example { replication: 'passive', methods: [{ name: [{ service: 'bank.v1.Bank' }], readOnly: true }] }
   */
  readonly settings?: Partial<GroupSettings>;
  /** Your own server interceptors, the first nearest the wire. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Receives what happens to the replicas, with `replica` among the fields. Default: nobody, see `TestGroup.logged`. */
  readonly logger?: Logger;
  /**
   * Further options of `createReplica`. Default: none.
   *
   * @example { determinism: 'api' }
   */
  readonly replicaOptions?: Partial<Omit<ReplicaServerOptions, GivenByGroup>>;
  /**
   * With it the group's time stands still at this moment, in milliseconds since 1970, and goes on only by `TestGroup.advance`:
   * handlers see exactly the times that your test says, and no timer of theirs fires by itself. Default: it is the machine's
   * time, which goes on by itself and which `advance` moves ahead.
   *
   * @example Date.UTC(2030, 0, 1)
   */
  readonly timeMs?: number;
  /** How long the group's functions wait for what they wait for before they fail, in milliseconds. Default 30,000. */
  readonly withinMs?: number;
}

/** Options that the group sets for its replicas itself. */
type GivenByGroup =
  | 'replicaId'
  | 'address'
  | 'coordinator'
  | 'state'
  | 'serviceConfig'
  | 'group'
  | 'logger'
  | 'peerCredentials'
  | 'peerAddress'
  | 'livenessAddress'
  | 'handleSignals'
  | 'onFatal';
