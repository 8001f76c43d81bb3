import type { ChannelCredentials, Server, ServerInterceptor } from '@grpc/grpc-js';
import type { CoordinatorFactory, Logger, ReplicaId, ReplicaStatus, StateSource } from '@understudy/core';

export interface ReplicaServerOptions {
  /** Name of the group; must equal the service config's if given. */
  readonly group?: string;
  /** Name of this replica, unique in its group and the same after a restart. */
  readonly replicaId: string;
  /** Where the other replicas and the clients reach this one, `host:port`. May be given to `start` instead. */
  readonly address?: string;
  readonly coordinator: CoordinatorFactory;
  readonly state: StateSource;
  /** gRPC service config whose `loadBalancingConfig` has the group's `understudy` entry; an object or JSON text. */
  readonly serviceConfig: object | string;
  readonly logger?: Logger;
  /** Services that pass untouched: `package.Service`, or `package.*` for all below a package. */
  readonly unreplicated?: readonly string[];
  /** How this replica dials the others. Default: without TLS. */
  readonly peerCredentials?: ChannelCredentials;
  /** SIGTERM hands over, shuts the server down and exits the process with 0. Default true. */
  readonly handleSignals?: boolean;
  /**
   * Adds grpc.health.v1.Health, which says SERVING for the group's services on the primary only. Default true; false for
   * a server that has a health service of its own.
   */
  readonly health?: boolean;
  /** This replica begins or ceases to serve as primary. */
  readonly onServing?: (serving: boolean) => void;
  /**
   * An invariant does not hold, or the user's state cannot be copied or replaced: this replica serves no longer, and its
   * state must not be trusted. Default: exits the process with 70, so that a supervisor starts it anew.
   */
  readonly onFatal?: (error: Error) => void;
}

export interface StartOptions {
  /** See `ReplicaServerOptions.address`; for servers that learn their port when they are bound. */
  readonly address?: string;
}

/** One replica of a service: a grpc-js server whose unary calls are ordered and replicated. */
export interface ReplicaServer {
  /**
   * What `new grpc.Server({ interceptors })` must be given.
   *
   * @param users the service's own interceptors, first nearest the wire; they run on the primary, before ordering
   */
  interceptors(users?: readonly ServerInterceptor[]): ServerInterceptor[];
  /**
   * Captures the services that are added to `server` from now on. When the server is shut down, the replica stops before;
   * when it is shut down by force, the replica is gone at once.
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
   * Hands over if this is the primary, then ends the replica's streams; the server stays bound, so shut it down next.
   * Idempotent; takes at most 3 s.
   *
   * @returns the replica that was handed over to, if any
   */
  stop(): Promise<ReplicaId | undefined>;
  readonly status: ReplicaStatus;
  /** @returns a function that ends the listening */
  on(event: 'role', listener: (status: ReplicaStatus) => void): () => void;
}
