/** Adds extras to a run's plan, such as streams, nested calls and timers, each drawn from choices of its own. */
import type { MethodConfig } from '@understudy/core/internal';
import type { Choices } from '../draw/choices.js';
import type { Fault, Plan, PlanLimits } from './plan.js';

/**
 * @param choices of their own, so that a run without streams is the same as before there were streams
 * @returns the plan with streams, in a third of the runs; never with stuck handlers, since a handler that is left behind
 *   would lose its stream
 */
export function withStreams(plan: Plan, choices: Choices, { without = [], streams }: PlanLimits): Plan {
  const drawn = choices.chance(1 / 3);
  if (!(streams ?? drawn) || without.includes('streams') || plan.stuck) return plan;
  const { config } = plan;
  const drawnStreams = {
    rate: choices.pick([0.2, 0.4]),
    late: choices.pick([0, 0, 0.5]),
    // With slow handlers a long stream would outlast the patience of applications and drills.
    long: plan.handlerMs > 0 || plan.drill !== undefined ? 0 : choices.pick([0, 0.2]),
    broadcasts: choices.chance(0.4),
  };
  const backlogMax = choices.pick([config.backlogMax, 64, 16]);
  // A dead client's stream is open until its records are freed.
  const sessionExpiryMs = Math.min(config.sessionExpiryMs, Math.max(2500, config.sessionMs));
  return {
    ...plan,
    config: { ...config, sessionExpiryMs, backlogMax },
    streams: drawnStreams,
  };
}

/**
 * @returns the plan with one-way calls, in a fifth of the runs without a drill; never with stuck handlers, since nobody
 *   would learn that a one-way call was left behind
 */
export function withOneWay(plan: Plan, choices: Choices, { without = [] }: PlanLimits): Plan {
  const drawn = choices.chance(0.2) && plan.drill === undefined && !plan.stuck;
  if (!drawn || without.includes('oneWay')) return plan;
  const { config } = plan;
  const release = choices.chance(0.3) ? 'acknowledged' : config.release;
  const tell: MethodConfig = {
    service: 'log.Log',
    method: 'Tell',
    readOnly: false,
    oneWay: true,
    waitsForOthers: false,
    release,
  };
  return { ...plan, oneWayRate: 0.4, config: { ...config, methods: [...config.methods, tell] } };
}

/**
 * @returns the plan with handlers that call another service, in a quarter of the runs without a drill; never with stuck
 *   handlers, since a handler that is left behind would wait for ever
 */
export function withNested(plan: Plan, choices: Choices, { without = [], nested, nestedStreams }: PlanLimits): Plan {
  const drawn = choices.chance(0.25);
  if (!(nested ?? nestedStreams ?? drawn) || without.includes('nested') || plan.stuck || plan.drill !== undefined)
    return plan;
  const { config, streams } = plan;
  const backlogMax = streams === undefined ? choices.pick([config.backlogMax, 64, 16]) : config.backlogMax;
  return {
    ...plan,
    config: { ...config, backlogMax },
    nested: {
      share: choices.pick([0, 0.2, 0.5, 0.9]),
      streams: 0,
      calleeMs: choices.pick([0, 30, 300]),
      trouble: choices.pick([0, 0.01, 0.04]),
      callers: choices.pick([0, 0.3, 0.6]),
    },
  };
}

/** @returns the plan with another ordering criterion than reception, in a fifth of the runs without a drill */
export function withOrdering(plan: Plan, choices: Choices): Plan {
  const drawn = choices.chance(0.2) && plan.drill === undefined;
  if (!drawn) return plan;
  const ordering = choices.pick(['sequence', 'priority', 'deadline', 'fair'] as const);
  return { ...plan, config: { ...plan.config, ordering } };
}

/**
 * @returns the plan with replicas that differ in settings and code, in a fifth of the runs without a drill; never where
 *   a replica may come to another outcome, since one that does not execute would not notice
 */
export function withUpgrade(plan: Plan, choices: Choices, { without = [], upgrades }: PlanLimits): Plan {
  const drawn = choices.chance(0.2);
  const mayDiffer = plan.drill === undefined && !plan.stuck && !plan.faults.includes('diverge');
  if (!(upgrades ?? drawn) || !mayDiffer || without.includes('upgrades')) return plan;
  const upgrade = { versions: choices.chance(0.7), replications: choices.chance(0.4), leases: choices.chance(0.3) };
  return { ...plan, upgrade };
}

/** @returns the plan with copies of the state that travel in many pieces, in two thirds of the runs */
export function withCopies(plan: Plan, choices: Choices): Plan {
  const pieceBytes = choices.pick([plan.copies.pieceBytes, 16, 256]);
  const snapshots = choices.chance(0.5);
  const blockMs = choices.pick([0, 0, 4 * plan.config.leaseMs]);
  // A drill waits for steps that otherwise take no time. To the other replicas a pause looks like a stuck handler.
  if (plan.drill !== undefined) return plan;
  return { ...plan, copies: { pieceBytes, snapshots, blockMs: plan.stuck ? 0 : blockMs } };
}

/** @returns the plan with liveness threads, in a third of the runs without a drill */
export function withThreads(plan: Plan, choices: Choices, { without = [], threads }: PlanLimits): Plan {
  const drawn = choices.chance(1 / 3);
  if (!(threads ?? drawn) || without.includes('threads') || plan.drill !== undefined) return plan;
  const { leaseMs } = plan.config;
  return {
    ...plan,
    threads: {
      // To the other replicas a blocked main thread looks like a stuck handler.
      blocks: plan.stuck ? 0 : choices.pick([0.01, 0.03, 0.08]),
      blockMs: choices.pick([0.5, 2, 6]) * leaseMs,
      cuts: choices.pick([0, 0.01, 0.04]),
    },
  };
}

/**
 * @returns the plan with handlers that arm timers, in a quarter of the runs without a drill and without nested calls; never
 *   with stuck handlers
 */
export function withTimers(plan: Plan, choices: Choices, { without = [], timers }: PlanLimits): Plan {
  const drawn = choices.chance(0.25) && plan.nested === undefined;
  if (!(timers ?? drawn) || without.includes('timers') || plan.stuck || plan.drill !== undefined) return plan;
  return { ...plan, timers: { share: choices.pick([0.1, 0.3, 0.6]) } };
}

/** @returns the plan with handlers that open streams at another service, in half of the runs in which some call it */
export function withNestedStreams(plan: Plan, choices: Choices, { without = [], nestedStreams }: PlanLimits): Plan {
  const drawn = choices.chance(0.5);
  const { nested } = plan;
  if (nested === undefined || !(nestedStreams ?? drawn) || without.includes('nestedStreams')) return plan;
  const share = nestedStreams ? Math.max(nested.share, 0.2) : nested.share;
  return { ...plan, nested: { ...nested, share, streams: choices.pick([0.3, 1]) } };
}

/**
 * @returns the plan with handlers that run functions in the outside world, in an eighth of the runs without a drill; never
 *   with stuck handlers
 */
export function withOnce(plan: Plan, choices: Choices, { without = [], once }: PlanLimits): Plan {
  const drawn = choices.chance(1 / 8);
  if (!(once ?? drawn) || without.includes('once') || plan.stuck || plan.drill !== undefined) return plan;
  return {
    ...plan,
    once: {
      share: choices.pick([0.2, 0.5, 0.9]),
      runMs: choices.pick([0, 30, 300]),
      throws: choices.pick([0, 0.2]),
    },
  };
}

/** @returns the plan with timers that come again and again, and with handlers that clear some, in half of the runs with timers */
export function withAgenda(plan: Plan, choices: Choices, { without = [], timers }: PlanLimits): Plan {
  const drawn = choices.chance(0.5);
  if (plan.timers === undefined || !(timers ?? drawn) || without.includes('agenda')) return plan;
  const periodsMs = choices.pick([[], [300], [1000], [300, 2000]]);
  // A history that never stops growing would travel too slowly in tiny pieces.
  const pieceBytes = periodsMs.length > 0 ? Math.max(plan.copies.pieceBytes, 256) : plan.copies.pieceBytes;
  const agenda = { periodsMs, mayArm: choices.chance(0.5), steady: choices.chance(0.5) };
  const timersToo = { ...plan.timers, agenda };
  return { ...plan, copies: { ...plan.copies, pieceBytes }, timers: timersToo };
}

/** @returns the plan with handlers that ask for the time and for randomness, in an eighth of the runs without a drill */
export function withValues(plan: Plan, choices: Choices, { without = [], values }: PlanLimits): Plan {
  const drawn = choices.chance(1 / 8) && plan.drill === undefined;
  if (!(values ?? drawn) || without.includes('values')) return plan;
  return { ...plan, values: choices.pick([0.3, 1]) };
}

/** Faults of replicas and between them. A message of death must be the only thing that ends replicas. */
const OF_REPLICAS: ReadonlySet<Fault> = new Set([
  ...(['serverCrash', 'crashTogether', 'serverPause', 'cut', 'isolate', 'hold', 'stepDown', 'diverge'] as const),
  ...(['breakLink', 'coordinatorCrash', 'coordinatorCut', 'recordLost'] as const),
  // A request of a client that the successor cannot hear would be under no suspicion.
  ...(['clientCut', 'clientPause'] as const),
]);

/**
 * @returns the plan with calls that end every process that runs their handlers, in a sixth of the runs of three replicas
 *   without a drill; no other fault ends a replica there
 */
export function withDeaths(plan: Plan, choices: Choices, { without = [], deadly }: PlanLimits): Plan {
  const drawn = choices.chance(1 / 6) && plan.servers === 3;
  if (!(deadly ?? drawn) || without.includes('deadly') || plan.stuck || plan.drill !== undefined) return plan;
  const faults = plan.faults.filter((fault) => !OF_REPLICAS.has(fault));
  const copies = { ...plan.copies, blockMs: 0 };
  const threads = plan.threads && { ...plan.threads, blocks: 0, cuts: 0 };
  const handlerMs = Math.min(plan.handlerMs, 20);
  const pace = { handlerMs, steps: 4 * plan.steps, timeRate: 0.05, jumpMs: 20 };
  return { ...plan, ...pace, servers: 3, deadly: 0.1, faults, copies, threads };
}

/**
 * @returns the plan with replicas that compare their states, in a fifth of the runs without a drill; never where handlers
 *   go on by themselves, since what they do has no place in the order. In half of those where all replicas execute the
 *   same, something outside of all handlers changes the state of one now and then
 */
export function withDigests(plan: Plan, choices: Choices, { without = [], digests }: PlanLimits): Plan {
  const drawn = choices.chance(0.2) && plan.drill === undefined;
  const { config, stuck, upgrade, streams } = plan;
  if (!(digests ?? drawn) || without.includes('digests') || (streams?.late ?? 0) > 0) return plan;
  const stateDigestEvery = choices.pick([1, 3, 10]);
  const strays = choices.pick([0, 0.01]);
  const mayDiffer = config.replication === 'semi-active' && !stuck && upgrade === undefined;
  return {
    ...plan,
    config: { ...config, stateDigestEvery },
    digests: { strays: mayDiffer ? strays : 0, stays: choices.chance(0.3) },
  };
}
