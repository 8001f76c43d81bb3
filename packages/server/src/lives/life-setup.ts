/** The setup that a life of a replica gets, and the events that it reports. */
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Coordinator, Logger, ReplicaId, ReplicaStatus, UnderstudyError } from '@understudy/core';
import type { GroupConfig, UserCriteria } from '@understudy/core/internal';
import type { MovableClock } from '../agenda/movable-clock.js';
import type { NamedTimers } from '../agenda/named-timers.js';
import type { HandlerRegistry } from '../capture/registry.js';
import type { AnyState } from '../checks/state.js';
import type { OnEffect } from '../determinism/effect-warnings.js';
import type { StrayErrors } from '../handlers/stray-errors.js';
import type { HandlerTracing } from '../handlers/tracing.js';
import type { PeerTrust } from '../identity/peer-trust.js';
import type { CallerSecrets } from '../intake/identity.js';
import type { PeerCredentials } from '../links/peer-link.js';
import type { ReplicaLiveness } from '../liveness/replica-liveness.js';
import type { Activity } from '../loop/activity.js';
import type { Measures } from './measures.js';

/** The parts that all lives of a replica share. */
export interface LifeSetup {
  readonly id: ReplicaId;
  /** Where clients reach this replica. */
  readonly address: string;
  /** Where other replicas reach it, if that is another address. */
  readonly peerAddress: string | undefined;
  readonly config: GroupConfig;
  /** The version of the service's code. */
  readonly version: string;
  readonly coordinator: Coordinator;
  readonly state: AnyState;
  readonly interceptors: readonly ServerInterceptor[];
  readonly registry: HandlerRegistry;
  readonly activity: Activity;
  readonly peerCredentials: PeerCredentials;
  readonly trust: PeerTrust;
  readonly callerSecrets: CallerSecrets;
  /** The replica's place on the liveness thread; undefined if heartbeats are left to the main thread. */
  readonly liveness: ReplicaLiveness | undefined;
  /** Takes errors that handlers leave uncaught; undefined: the process gets them. */
  readonly strays: StrayErrors | undefined;
  readonly logger: Logger;
  readonly measures: Measures;
  readonly events: LifeEvents;
  /**
   * `restored`: whether this process has restored its state because it differed from the primary's. `futile`: how many
   * of its lives ended because replies differed after a `restore()` that gave another state than the copy.
   */
  readonly divergences: {
    readonly restored: boolean;
    readonly futile: number;
  };
  /** Whether `Date`, `Math.random` and the others give handlers what the order says. */
  readonly inGlobals: boolean;
  /** Hears which functions of the outside world handlers use in steps; undefined if warnings are off. */
  readonly onEffect: OnEffect | undefined;
  /** Puts executions into traces; undefined if there is no tracing. */
  readonly tracing: HandlerTracing | undefined;
  readonly criteria: UserCriteria;
  /** The named timers of the service. */
  readonly timers: NamedTimers;
  /** The time of orders and timers; undefined for the machine's. */
  readonly clock: MovableClock | undefined;
}

export interface LifeEvents {
  roleChanged(status: ReplicaStatus): void;
  /** Called when this replica may have learned of another version of the service's code. */
  versionsChanged(status: ReplicaStatus): void;
  /** Called when this life is over and a new one must begin. */
  over(reason: string): void;
  stopped(handedOverTo: ReplicaId | undefined): void;
  /** Called when a peer is set up so that it cannot work with this replica. */
  mismatch(peer: ReplicaId, error: UnderstudyError): void;
  fatal(error: Error): void;
}
