/** What a user gives to `createReplica`, and what it returns. */
import type { ChannelCredentials, Server, ServerInterceptor } from '@grpc/grpc-js';
import type { CoordinatorFactory, Logger, ReplicaId, ReplicaStatus, StateSource } from '@understudy/core';

export interface ReplicaServerOptions {
  /** Name of the group. If given, it must equal the service config's. */
  readonly group?: string;
  /** Name of this replica, unique in its group and the same after a restart. */
  readonly replicaId: string;
  /** Where the other replicas and the clients reach this one, `host:port`. May be given to `start` instead. */
  readonly address?: string;
  readonly coordinator: CoordinatorFactory;
  readonly state: StateSource;
  /**
   * gRPC service config whose `loadBalancingConfig` has the group's `understudy` entry, as an object or as JSON text.
   */
  readonly serviceConfig: object | string;
  readonly logger?: Logger;
  /** Services that are not replicated: `package.Service`, or `package.*` for all below a package. */
  readonly unreplicated?: readonly string[];
  /** How this replica dials the others. Default: without TLS. */
  readonly peerCredentials?: ChannelCredentials;
  /** Whether SIGTERM hands over, shuts the server down and exits the process with 0. Default true. */
  readonly handleSignals?: boolean;
  /**
   * Whether to add grpc.health.v1.Health, which says SERVING for the group's services on the primary only. Default
   * true; use false for a server that has a health service of its own.
   */
  readonly health?: boolean;
  /** Called when this replica begins or ceases to serve as primary. */
  readonly onServing?: (serving: boolean) => void;
  /**
   * Called when an invariant does not hold, or when the user's state cannot be copied or replaced. This replica does
   * not serve any more, and its state must not be trusted. Default: exits the process with 70, so that a supervisor
   * starts it anew.
   */
  readonly onFatal?: (error: Error) => void;
}

export interface StartOptions {
  /** See `ReplicaServerOptions.address`. Give it here if the server learns its port only when it is bound. */
  readonly address?: string;
}

/** One replica of a service: a grpc-js server whose calls are ordered and replicated. */
export interface ReplicaServer {
  /**
   * The interceptors that `new grpc.Server({ interceptors })` must be given.
   *
   * @param users the service's own interceptors, the first nearest the wire; they run on the primary, before ordering
   */
  interceptors(users?: readonly ServerInterceptor[]): ServerInterceptor[];
  /**
   * Captures the services that are added to `server` from now on. When the server is shut down, the replica stops
   * first; when it is shut down by force, the replica is gone at once.
   *
   * @throws UNDERSTUDY_SETUP when called twice, or when the server's limits of message size are not above 1 MiB
   */
  attach(server: Server): void;
  /**
   * Joins the group, or creates it. The server must be bound.
   *
   * @returns resolves when this replica is primary or an in-sync backup
   * @throws UNDERSTUDY_SETUP, UNDERSTUDY_COORDINATOR, UNDERSTUDY_RECORD_DAMAGED
   */
  start(options?: StartOptions): Promise<void>;
  /**
   * Hands over if this replica is the primary, then ends the replica's links. The server stays bound, so shut it down
   * next. May be called again; takes at most 3 s.
   *
   * @returns the replica that was handed over to, if any
   */
  stop(): Promise<ReplicaId | undefined>;
  readonly status: ReplicaStatus;
  /**
   * Tells the listener of each change of role.
   *
   * @returns a function that ends the listening
   */
  on(event: 'role', listener: (status: ReplicaStatus) => void): () => void;
}
