/** The names of metrics and attributes. The dashboard uses them as Prometheus writes them. */
import type { MetricOptions } from '@opentelemetry/api';
import type { ReplicaStatus } from '@understudy/core';

export const SCOPE = '@understudy/otel';

export interface Observed extends MetricOptions {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** Undefined: there is nothing to measure yet. */
  readonly value: (status: ReplicaStatus) => number | undefined;
}

/** Metrics that tell how things are at the moment of collection. */
export const GAUGES: readonly Observed[] = [
  gauge('understudy.term', '{term}', 'The newest term that the replica knows.', ({ term }) => term),
  gauge(
    'understudy.in_sync',
    '{replica}',
    'Replicas that the record counts as complete.',
    ({ inSync }) => inSync.length,
  ),
  gauge('understudy.order', '{order}', 'Orders that the replica has processed.', ({ processedUpTo }) => processedUpTo),
  gauge(
    'understudy.stable_lag',
    '{order}',
    'Orders that the replica holds, but, as far as it knows, not every in-sync replica.',
    ({ heldUpTo, stableUpTo }) => Math.max(0, heldUpTo - stableUpTo),
  ),
  gauge(
    'understudy.processing_lag',
    '{order}',
    'Orders that the replica holds and has not processed.',
    ({ heldUpTo, processedUpTo }) => Math.max(0, heldUpTo - processedUpTo),
  ),
  gauge(
    'understudy.states_equal_order',
    '{order}',
    'The last order after which the state was known to equal those of the others; 0 if it was not compared.',
    ({ statesEqualUpTo }) => statesEqualUpTo,
  ),
  gauge('understudy.queue', '{message}', 'Messages that have no order yet.', ({ unordered }) => unordered),
  gauge('understudy.replies_held', '{reply}', 'Replies that may not leave yet.', (status) => status.waitingToRelease),
  gauge('understudy.log', '{entry}', 'Entries in the message log.', ({ logLength }) => logLength),
  gauge('understudy.kept', 'By', 'Bytes that the replica keeps for clients.', ({ keptBytes }) => keptBytes),
  gauge(
    'understudy.checkpoint.size',
    'By',
    'Bytes of the last copy of the state that the replica made or restored.',
    ({ lastCopy }) => lastCopy?.bytes,
  ),
  gauge(
    'understudy.checkpoint.age',
    's',
    'How long ago the last copy of the state was made or restored.',
    ({ lastCopy }) => lastCopy && lastCopy.ageMs / 1000,
  ),
  gauge('understudy.sessions', '{session}', 'Sessions of clients.', ({ sessions }) => sessions),
  gauge('understudy.streams', '{stream}', 'Streaming calls whose handlers run.', ({ openStreams }) => openStreams),
  gauge('understudy.nested', '{call}', 'Calls of handlers without a reply.', ({ openNested }) => openNested),
  gauge(
    'understudy.poisoned',
    '{message}',
    'Messages that the group refuses because primaries died of them.',
    ({ poisoned }) => poisoned.length,
  ),
  gauge('understudy.blocked', '{replica}', '1 if the replica neither serves nor backs up.', ({ blocked }) =>
    blocked === undefined ? 0 : 1,
  ),
  gauge('understudy.degraded', '{replica}', '1 if the group is weaker than its replicas suggest.', ({ degraded }) =>
    degraded === undefined ? 0 : 1,
  ),
];

/** Metrics that only grow while the process lives. */
export const COUNTERS: readonly Observed[] = [
  gauge('understudy.divergences', '{divergence}', 'Differences between replicas that were seen.', (s) => s.divergences),
  gauge('understudy.stray_errors', '{error}', 'Errors that handlers left to nobody.', (s) => s.strayErrors),
];

/** Metrics that count since the replica last joined, and so begin anew when it joins again. */
export const COUNTS: readonly Observed[] = [
  gauge(
    'understudy.refused_bodies',
    '{message}',
    'Bodies that were not what their order names.',
    (s) => s.refusedBodies,
  ),
  gauge('understudy.forged_orders', '{order}', 'Orders of clients that no replica had sealed.', (s) => s.forgedOrders),
];

export const ROLE = {
  name: 'understudy.role',
  unit: '{replica}',
  description: '1 for the role that the replica has, named by understudy.role; 0 for the others.',
} as const;
export const EVENT_LOOP_DELAY = {
  name: 'understudy.event_loop_delay',
  unit: 's',
  description: 'How late timers were since the last collection: the 99th percentile and the most.',
} as const;
export const CALLS = {
  name: 'understudy.calls',
  unit: '{call}',
  description: 'Executions of handlers that ended, by method, status and whether the replica was the primary.',
} as const;
export const CALL_DURATION = {
  name: 'understudy.call.duration',
  unit: 's',
  description: 'From the start of a handler to its end, on the primary.',
} as const;
export const FAILOVERS = {
  name: 'understudy.failovers',
  unit: '{failover}',
  description: 'How often this replica became the primary.',
} as const;
export const FAILOVER_DURATION = {
  name: 'understudy.failover.duration',
  unit: 's',
  description: 'From the moment this replica claimed a term until it served in it.',
} as const;

export const FAILOVER_PHASE_DURATION = {
  name: 'understudy.failover.phase.duration',
  unit: 's',
  description: 'How long a phase of a promotion took, named by understudy.phase: claim, collection, replay.',
} as const;

/** Names of all metrics. */
export const METRICS: readonly string[] = [
  ...[...GAUGES, ...COUNTERS, ...COUNTS].map(({ name }) => name),
  ...[ROLE, EVENT_LOOP_DELAY, CALLS, CALL_DURATION, FAILOVERS, FAILOVER_DURATION, FAILOVER_PHASE_DURATION].map(
    ({ name }) => name,
  ),
];

function gauge(name: string, unit: string, description: string, value: Observed['value']): Observed {
  return { name, unit, description, value };
}
