import type { GroupConfig } from '@understudy/core';
import { Random } from './random.js';

/** What may go wrong in a simulation. Each simulation draws which kinds it has, so that rare mixtures come up pure as well. */
export const FAULTS = [
  'serverCrash',
  'clientCrash',
  /** A client and the primary at one moment: what `concurrent` does not promise to survive. */
  'crashTogether',
  'serverPause',
  'clientPause',
  'cut',
  'clientCut',
  'hold',
  'breakStream',
  'coordinatorDown',
  'stepDown',
  'close',
  'cancel',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Everything about a simulation that its seed decides beforehand. */
export interface Plan {
  readonly seed: number;
  readonly config: GroupConfig;
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
}

export interface PlanLimits {
  /** Fault kinds that are left out. */
  readonly without?: readonly string[];
}

export function planOf(seed: number, { without = [] }: PlanLimits = {}): Plan {
  const random = new Random(seed);
  const stuck = random.chance(0.1) && !without.includes('stuck');
  const drawn = FAULTS.filter(() => random.chance(0.4));
  const faults = drawn.filter((fault) => !without.includes(fault) && !(stuck && fault.endsWith('Pause')));
  return {
    seed,
    config: configOf(random, stuck),
    servers: random.pick([1, 2, 2, 3, 3, 3]),
    clients: random.pick([1, 2, 2, 3]),
    steps: 100 + random.below(200),
    faults,
    faultRate: random.pick([0.01, 0.03, 0.08]),
    handlerMs: stuck ? 0 : random.pick([0, 0, 20, 150]),
    admits: random.chance(0.2) && !without.includes('admits'),
    stuck,
    plainRate: random.pick([0, 0.1, 0.3]),
    timeRate: random.pick([0.05, 0.15, 0.3]),
  };
}

function configOf(random: Random, stuck: boolean): GroupConfig {
  const sure = random.chance(0.3);
  return {
    group: 'g',
    replication: random.pick(['semi-active', 'passive']),
    multicast: random.pick(['direct', 'destination']),
    release: random.chance(0.7) ? 'concurrent' : 'acknowledged',
    ordering: 'reception',
    carrier: random.chance(0.7) ? 'stream' : 'rpc',
    pendingSourceOrderMax: 3,
    leaseMs: 300,
    sessionMs: 900,
    sessionExpiryMs: random.chance(0.15) ? 1500 : 60_000,
    nullMessageMs: 20,
    batchMs: random.pick([0, 1]),
    stallMs: stuck ? 400 : 60_000,
    checkpointEvery: 5,
    unstableMax: 8,
    queueMax: 16,
    sessionsMax: 64,
    methods: sure ? [{ service: 'log.Log', method: 'Sure', readOnly: false, release: 'acknowledged' }] : [],
  };
}

export const describePlan = ({ config, servers, clients, faults, ...rest }: Plan): string =>
  `seed ${rest.seed}: ${servers} replicas, ${clients} clients, ${config.replication}, ${config.multicast}, ` +
  `${config.release}, ${config.carrier}; ${rest.steps} steps, handlers ${rest.stuck ? 'stuck' : `${rest.handlerMs} ms`}${rest.admits ? ', admits' : ''}; faults ${faults.join(' ') || 'none'}`;
