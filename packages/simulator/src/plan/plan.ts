/** The plan of a run: everything that its seed decides beforehand. */

import type { GroupConfig, MethodConfig } from '@understudy/core/internal';
import type { Workload } from '../services/workload.js';

/** The methods that only read. Replies of `SureRead` are released as those of `Sure` are. */
export const READS: readonly MethodConfig[] = ['Read', 'SureRead'].map((method) => ({
  ...{ service: 'log.Log', method },
  ...{ readOnly: true, oneWay: false, waitsForOthers: false, release: undefined },
}));

/** The faults that may happen in a run. Each run draws which kinds it has, so that rare mixtures occur too. */
export const FAULTS = [
  /** A replica dies, between two steps or between two effects of one step. */
  'serverCrash',
  'clientCrash',
  /** A client and the primary die at the same moment, which `concurrent` does not promise to survive. */
  'crashTogether',
  'serverPause',
  'clientPause',
  'cut',
  'clientCut',
  /** The primary and some clients are cut off from all other processes, and go on calling. */
  'isolate',
  'hold',
  'breakLink',
  'coordinatorCrash',
  'coordinatorCut',
  /** The record is deleted, or rolled back with its coordinator. */
  'recordLost',
  /** A handler on one replica has another outcome, once. */
  'diverge',
  /** A client reflects an order that was never given. */
  'forge',
  'stepDown',
  'close',
  'cancel',
] as const;
export type Fault = (typeof FAULTS)[number];

/** The range of the rates of clocks, relative to the time of the run. */
export interface Drift {
  readonly slowest: number;
  readonly fastest: number;
}

/** Any two of these rates differ by less than the 5 % that the protocol allows for. */
export const DRIFT_WITHIN_BOUND: Drift = { slowest: 0.977, fastest: 1.023 };

/** Everything about a run that its seed decides beforehand. */
export interface Plan {
  readonly config: GroupConfig;
  readonly workload: Workload;
  readonly servers: number;
  readonly clients: number;
  readonly steps: number;
  readonly faults: readonly Fault[];
  /** Faults per step. */
  readonly faultRate: number;
  /** Handlers take up to this long. */
  readonly handlerMs: number;
  /** The user has interceptors. */
  readonly admits: boolean;
  /** Some handlers never end. */
  readonly stuck: boolean;
  readonly plainRate: number;
  /** Share of time steps among all steps: less of it lets frames overtake, more of it lets leases run out. */
  readonly timeRate: number;
  /** Time passes in steps of up to this long. */
  readonly jumpMs: number;
  /** Share of reads among the calls. */
  readonly readRate: number;
  /** Share of the coordinator's messages that are lost. */
  readonly coordinatorLoss: number;
  readonly drift: Drift;
  /** Name of the drill: a situation that the run is led into on its way. */
  readonly drill: string | undefined;
  /** Share of one-way calls among those of sessions that change something. */
  readonly oneWayRate: number;
  /** undefined: nobody opens streams. */
  readonly streams: StreamPlan | undefined;
  readonly copies: CopyPlan;
  /** undefined: handlers call no other service. */
  readonly nested: NestedPlan | undefined;
  /** Share of operations whose handlers ask for the time and for randomness, and whose answers reflect both. */
  readonly values: number;
  /** undefined: handlers run no functions in the outside world. */
  readonly once: OncePlan | undefined;
  /** undefined: handlers arm no timers. */
  readonly timers: TimerPlan | undefined;
  /** undefined: all replicas have the same settings and the same code. */
  readonly upgrade: UpgradePlan | undefined;
  /** Share of deadly calls: each ends every process that runs its handler. A supervisor restarts what ended. */
  readonly deadly: number;
  /** undefined: replicas do not compare their states. */
  readonly digests: DigestPlan | undefined;
  /** undefined: heartbeats are those of the main links. */
  readonly threads: ThreadPlan | undefined;
}

/** How a run goes whose handlers change the outside world. */
export interface OncePlan {
  /** Share of operations whose handlers change the outside world. */
  readonly share: number;
  /** How long a function may take to have its effect, and then again to return. */
  readonly runMs: number;
  /** Share of functions that throw in the end. */
  readonly throws: number;
}

/** How a run with timers goes. */
export interface TimerPlan {
  /** Share of operations whose handlers arm a timer. */
  readonly share: number;
  /** undefined: each timer rings once, and nobody clears any. */
  readonly agenda?: {
    /** The periods of the timers that the service has. */
    readonly periodsMs: readonly number[];
    /** Replicas are told that handlers may arm functions. */
    readonly mayArm: boolean;
    /** Wall clocks are nearly right, so that the times of orders tell how far apart they are. */
    readonly steady: boolean;
  };
}

/** The differences between replicas, drawn anew for each life, as in a group that is restarted replica by replica. */
export interface UpgradePlan {
  /** The versions of their code, all of which compute the same. */
  readonly versions: boolean;
  /** Whether their groups are passive. */
  readonly replications: boolean;
  readonly leases: boolean;
}

/** How a run with liveness threads goes. */
export interface ThreadPlan {
  /** How often the main thread of a replica is blocked while its liveness thread goes on, per step. */
  readonly blocks: number;
  /** How long the main thread is blocked at most. */
  readonly blockMs: number;
  /** How often the links of two liveness threads are cut or mended, per step. */
  readonly cuts: number;
}

/** How replicas compare their states. */
export interface DigestPlan {
  /** How often something outside of all handlers changes the state of one replica, per step. */
  readonly strays: number;
  /** Whether a replica whose state differs reports that and stays; otherwise it restores the primary's state. */
  readonly stays: boolean;
}

/** How copies of the state travel. */
export interface CopyPlan {
  /** About how many bytes a piece has: often so few that a copy takes many. */
  readonly pieceBytes: number;
  /** States are drawn as they are sent, while messages go on. */
  readonly snapshots: boolean;
  /** Copying or restoring a state blocks the replica for up to so long. */
  readonly blockMs: number;
}

/** How a run with nested calls goes. */
export interface NestedPlan {
  /** Share of operations whose handlers call another service. */
  readonly share: number;
  /** Share of those whose handlers open a stream there instead. */
  readonly streams: number;
  /** The callee takes up to this long to answer. */
  readonly calleeMs: number;
  /** Disturbances of the way to the callee, per step. */
  readonly trouble: number;
  /** Share of a calling group's actions among what applications begin. */
  readonly callers: number;
}

/** How a run with streams goes. */
export interface StreamPlan {
  /** Share of streams among what applications begin. */
  readonly rate: number;
  /** Share of handlers that go on by themselves. */
  readonly late: number;
  /** Share of streams with more messages than a window. */
  readonly long: number;
  /** Some operations send an item on every stream. */
  readonly broadcasts: boolean;
}

export interface PlanLimits {
  /**
   * Kinds of faults, or `stuck`, `admits`, `drills`, `streams`, `oneWay`, `nested`, `nestedStreams`, `values`, `once`,
   * `timers`, `agenda`, `upgrades`, `threads`, `deadly` or `digests`, that are left out.
   */
  readonly without?: readonly string[];
  /** Every run has streams, or none of them. */
  readonly streams?: boolean;
  /** In every run handlers call another service, or in none of them. */
  readonly nested?: boolean;
  /** In every run replicas differ in settings and code, where it allows that. */
  readonly upgrades?: boolean;
  /** Every run has liveness threads, or none of them. */
  readonly threads?: boolean;
  /** In every run handlers arm timers, or in none of them. */
  readonly timers?: boolean;
  /** In every run handlers ask for the time and for randomness, or in none of them. */
  readonly values?: boolean;
  /** In every run handlers run functions in the outside world, or in none of them. */
  readonly once?: boolean;
  /** In every run handlers open streams at another service, or in none of them. */
  readonly nestedStreams?: boolean;
  /** Every run has messages of death, or none of them. */
  readonly deadly?: boolean;
  /** In every run replicas compare their states, or in none of them. */
  readonly digests?: boolean;
  /** Name of the drill that every run has. */
  readonly drill?: string;
  readonly drift?: Drift;
}
