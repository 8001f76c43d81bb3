import type { GroupConfig, MethodConfig } from '@understudy/core';
import type { Choices } from '../draw/choices.js';
import type { Drill } from '../drills/drill.js';
import { DRILLS } from '../drills/index.js';
import { WORKLOADS } from '../services/index.js';
import type { Workload } from '../services/workload.js';

/** What may go wrong in a run. Each run draws which kinds it has, so that rare mixtures come up pure as well. */
export const FAULTS = [
  /** A replica dies, between two steps or between two effects of one. */
  'serverCrash',
  'clientCrash',
  /** A client and the primary at one moment: what `concurrent` does not promise to survive. */
  'crashTogether',
  'serverPause',
  'clientPause',
  'cut',
  'clientCut',
  /** The primary and some clients are cut off from everybody else, and go on calling. */
  'isolate',
  'hold',
  'breakStream',
  'coordinatorCrash',
  'coordinatorCut',
  /** One replica's handlers come to another outcome, once. */
  'diverge',
  /** A client reflects an order that was never given. */
  'forge',
  'stepDown',
  'close',
  'cancel',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What spoils the rest of a run for other faults. */
const RARE: ReadonlySet<Fault> = new Set(['diverge', 'forge']);

/** The rates of clocks, against the time of the run. */
export interface Drift {
  readonly slowest: number;
  readonly fastest: number;
}

/** Any two of these differ by less than the bound that the protocol allows for, 5 %. */
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
  /** A situation that the run is led into on its way. */
  readonly drill: Drill | undefined;
  /** Share of one-way calls among those of sessions that change something. */
  readonly oneWayRate: number;
  /** undefined: nobody opens any. */
  readonly streams: StreamPlan | undefined;
  /** undefined: handlers call nobody. */
  readonly nested: NestedPlan | undefined;
}

/** What a run is like in which handlers call another service. */
export interface NestedPlan {
  /** Of operations whose handlers call. */
  readonly share: number;
  /** The callee takes up to this long. */
  readonly calleeMs: number;
  /** How often, per step, the way there is disturbed. */
  readonly trouble: number;
  /** Share of what a calling group does among what applications begin. */
  readonly callers: number;
}

/** What a run with streams is like. */
export interface StreamPlan {
  /** Share of streams among what applications begin. */
  readonly rate: number;
  /** Share of handlers that go on by themselves. */
  readonly late: number;
  /** Share of streams with more messages than a window. */
  readonly long: number;
  /** Some operations tell all streams. */
  readonly broadcasts: boolean;
}

export interface PlanLimits {
  /** Kinds of faults, or `stuck`, `admits`, `drills`, `streams`, `oneWay` or `nested`, that are left out. */
  readonly without?: readonly string[];
  /** Every run has streams, or none of them. */
  readonly streams?: boolean;
  /** In every run handlers call another service, or in none of them. */
  readonly nested?: boolean;
  /** Name of the drill that every run has. */
  readonly drill?: string;
  readonly drift?: Drift;
}

export function drawPlan(choices: Choices, limits: PlanLimits = {}): Plan {
  const plan = drawWithoutDrill(choices, limits);
  const drill = drawDrill(choices, limits);
  if (drill === undefined) return plan;
  // Else whatever else goes wrong leads most runs away from it.
  const faults = choices.chance(0.7) ? [] : plan.faults;
  return drill.needs({ ...plan, drill, faults }, choices);
}

function drawDrill(choices: Choices, { without = [], drill: name }: PlanLimits): Drill | undefined {
  if (name !== undefined) return DRILLS.find((drill) => drill.name === name);
  return choices.chance(0.3) && !without.includes('drills') ? choices.pick(DRILLS) : undefined;
}

function drawWithoutDrill(choices: Choices, { without = [], drift = DRIFT_WITHIN_BOUND }: PlanLimits): Plan {
  const stuck = choices.chance(0.1) && !without.includes('stuck');
  const config = drawConfig(choices, stuck);
  const quiet = choices.chance(0.02);
  const drawn = FAULTS.filter((fault) => choices.chance(RARE.has(fault) ? 0.1 : 0.4) && !quiet);
  return {
    config,
    workload: choices.pick(WORKLOADS),
    servers: choices.pick([1, 2, 2, 3, 3, 3]),
    clients: choices.pick([1, 2, 2, 3]),
    steps: 100 + choices.below(200),
    faults: drawn.filter((fault) => !without.includes(fault) && fits(fault, config, stuck)),
    faultRate: choices.pick([0.01, 0.03, 0.08]),
    handlerMs: stuck ? 0 : choices.pick([0, 0, 20, 150]),
    admits: choices.chance(0.2) && !without.includes('admits'),
    stuck,
    plainRate: choices.pick([0, 0.1, 0.3]),
    timeRate: choices.pick([0.05, 0.15, 0.3]),
    jumpMs: choices.pick([20, 20, 40]),
    readRate: choices.pick([0.25, 0.25, 0.6]),
    coordinatorLoss: choices.pick([0, 0.1, 0.3]),
    drift,
    drill: undefined,
    oneWayRate: 0,
    streams: undefined,
    nested: undefined,
  };
}

/**
 * @param choices of their own, so that a run without streams is what it was before there were any
 * @returns the plan with streams, in a third of the runs. A handler that is left behind would lose its stream.
 */
export function withStreams(plan: Plan, choices: Choices, { without = [], streams }: PlanLimits): Plan {
  const drawn = choices.chance(1 / 3);
  if (!(streams ?? drawn) || without.includes('streams') || plan.stuck) return plan;
  const { config } = plan;
  const drawnStreams = {
    rate: choices.pick([0.2, 0.4]),
    late: choices.pick([0, 0, 0.5]),
    // With handlers that take their time they would take longer than anybody waits; so would what a drill waits for.
    long: plan.handlerMs > 0 || plan.drill !== undefined ? 0 : choices.pick([0, 0.2]),
    broadcasts: choices.chance(0.4),
  };
  const backlogMax = choices.pick([config.backlogMax, 64, 16]);
  return {
    ...plan,
    // A dead client's stream is open until its records are freed.
    config: { ...config, sessionExpiryMs: Math.min(config.sessionExpiryMs, 2500), backlogMax },
    streams: drawnStreams,
  };
}

/** @returns the plan with one-way calls, in a fifth of the runs that are led nowhere. What is left behind has no reply either. */
export function withOneWay(plan: Plan, choices: Choices, { without = [] }: PlanLimits): Plan {
  const drawn = choices.chance(0.2) && plan.drill === undefined && !plan.stuck;
  if (!drawn || without.includes('oneWay')) return plan;
  const { config } = plan;
  const release = choices.chance(0.3) ? 'acknowledged' : config.release;
  const tell: MethodConfig = { service: 'log.Log', method: 'Tell', readOnly: false, oneWay: true, release };
  return { ...plan, oneWayRate: 0.4, config: { ...config, methods: [...config.methods, tell] } };
}

/**
 * @returns the plan with handlers that call another service, in a quarter of the runs that are led nowhere. One that is
 *   left behind would wait for ever.
 */
export function withNested(plan: Plan, choices: Choices, { without = [], nested }: PlanLimits): Plan {
  const drawn = choices.chance(0.25);
  if (!(nested ?? drawn) || without.includes('nested') || plan.stuck || plan.drill !== undefined) return plan;
  const { config, streams } = plan;
  const backlogMax = streams === undefined ? choices.pick([config.backlogMax, 64, 16]) : config.backlogMax;
  return {
    ...plan,
    config: { ...config, backlogMax },
    nested: {
      share: choices.pick([0, 0.2, 0.5, 0.9]),
      calleeMs: choices.pick([0, 30, 300]),
      trouble: choices.pick([0, 0.01, 0.04]),
      callers: choices.pick([0, 0.3, 0.6]),
    },
  };
}

/** A pause is a stuck handler to the others; only semi-active replicas have outcomes to compare. */
function fits(fault: Fault, config: GroupConfig, stuck: boolean): boolean {
  if (fault === 'diverge') return config.replication === 'semi-active' && !stuck;
  return !(stuck && fault.endsWith('Pause'));
}

function drawConfig(choices: Choices, stuck: boolean): GroupConfig {
  const sure = choices.chance(0.3);
  return {
    group: 'g',
    replication: choices.pick(['semi-active', 'passive']),
    multicast: choices.pick(['direct', 'destination']),
    release: choices.chance(0.7) ? 'concurrent' : 'acknowledged',
    ordering: 'reception',
    carrier: choices.chance(0.7) ? 'stream' : 'rpc',
    pendingSourceOrderMax: 3,
    leaseMs: 300,
    sessionMs: 900,
    sessionExpiryMs: choices.chance(0.15) ? 1500 : 60_000,
    nullMessageMs: 20,
    batchMs: choices.pick([0, 1]),
    stallMs: stuck ? 400 : 60_000,
    checkpointEvery: 5,
    backlogMax: 262_144,
    unstableMax: 8,
    queueMax: 16,
    sessionsMax: 64,
    methods: sure
      ? [{ service: 'log.Log', method: 'Sure', readOnly: false, oneWay: false, release: 'acknowledged' }]
      : [],
  };
}

/** The mode as the documentation names it: `semi-active, direct, concurrent, stream`. */
export const describeMode = ({ replication, multicast, release, carrier }: GroupConfig): string =>
  [replication, multicast, release, carrier].join(', ');

export const describePlan = (plan: Plan): string =>
  `${plan.servers} replicas, ${plan.clients} clients, ${describeMode(plan.config)}; ${plan.workload.name}; ${plan.steps} steps, ` +
  `handlers ${plan.stuck ? 'stuck' : `${plan.handlerMs} ms`}${plan.admits ? ', admits' : ''}; faults ${plan.faults.join(' ') || 'none'}` +
  (plan.drill === undefined ? '' : `; drill ${plan.drill.name}`) +
  (plan.streams === undefined ? '' : `; ${describeStreams(plan.streams)}${describeBacklog(plan.config)}`) +
  (plan.oneWayRate > 0 ? '; one-way calls' : '') +
  (plan.nested === undefined ? '' : `; ${describeNested(plan.nested)}`);

const describeNested = ({ share, calleeMs, trouble, callers }: NestedPlan): string =>
  `nested calls ${share}, callee ${calleeMs} ms${trouble > 0 ? `, disturbed ${trouble}` : ''}` +
  (callers > 0 ? `, a group calls ${callers}` : '');

const describeStreams = ({ rate, late, long, broadcasts }: StreamPlan): string =>
  `streams ${rate}${late > 0 ? ', late' : ''}${long > 0 ? ', long' : ''}${broadcasts ? ', to all' : ''}`;

const describeBacklog = ({ replication, backlogMax }: GroupConfig): string =>
  replication === 'passive' ? `, at most ${backlogMax} orders to replay` : '';
