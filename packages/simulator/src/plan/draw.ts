import { type GroupConfig, type MethodConfig, PIECE_BYTES } from '@understudy/core/internal';
import type { Choices } from '../draw/choices.js';
import { WORKLOADS } from '../services/index.js';
import { DRIFT_WITHIN_BOUND, FAULTS, type Fault, type Plan, type PlanLimits, READS } from './plan.js';

/** Faults that would spoil the rest of a run for the other checks, so they are rare. */
const RARE: ReadonlySet<Fault> = new Set(['diverge', 'forge']);

/** Draws a run without a drill, one-way calls, streams and nested calls. */
export function drawPlan(choices: Choices, { without = [], drift = DRIFT_WITHIN_BOUND }: PlanLimits = {}): Plan {
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
    values: 0,
    once: undefined,
    timers: undefined,
    streams: undefined,
    nested: undefined,
    upgrade: undefined,
    copies: { pieceBytes: PIECE_BYTES, snapshots: false, blockMs: 0 },
    digests: undefined,
    threads: undefined,
    deadly: 0,
  };
}

/** To the other replicas a pause looks like a stuck handler. Only semi-active replicas have outcomes to compare. */
function fits(fault: Fault, config: GroupConfig, stuck: boolean): boolean {
  if (fault === 'diverge') return config.replication === 'semi-active' && !stuck;
  return !(stuck && fault.endsWith('Pause'));
}

/** Methods whose replies are released only when they are stable. */
const SURE_METHODS: readonly MethodConfig[] = [
  {
    service: 'log.Log',
    method: 'Sure',
    readOnly: false,
    oneWay: false,
    waitsForOthers: false,
    release: 'acknowledged',
  },
  ...READS.map((read) => (read.method === 'SureRead' ? { ...read, release: 'acknowledged' as const } : read)),
];

function drawConfig(choices: Choices, stuck: boolean): GroupConfig {
  const sure = choices.chance(0.3);
  return {
    group: 'g',
    replication: choices.pick(['semi-active', 'passive']),
    multicast: choices.pick(['direct', 'destination']),
    release: choices.chance(0.7) ? 'concurrent' : 'acknowledged',
    ordering: 'reception',
    ageingMs: 1000,
    priorityKey: '',
    weights: {},
    staleMs: 2_000,
    carrier: choices.chance(0.7) ? 'stream' : 'rpc',
    pendingSourceOrderMax: 3,
    leaseMs: 300,
    sessionMs: 900,
    sessionExpiryMs: choices.chance(0.15) ? 1500 : 60_000,
    nullMessageMs: 20,
    batchMs: choices.pick([0, 1]),
    stallMs: stuck ? 400 : 60_000,
    forgetMs: choices.pick([1_000, 5_000, 600_000]),
    copyMs: 10_000,
    poisonAfter: 2,
    checkpointEvery: 5,
    stateDigestEvery: 0,
    backlogMax: 262_144,
    unstableMax: 8,
    queueMax: 16,
    sessionsMax: 64,
    budgets: { sessionBytes: 2 ** 26, totalBytes: 2 ** 28, keyedBytes: 2 ** 26 },
    methods: sure ? SURE_METHODS : READS,
    unreplicated: [],
  };
}
