/** The metrics of a replica, from its status and its changes of role. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Attributes, BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import type { ReplicaStatus } from '@understudy/core';
import type { ReplicaServer } from '@understudy/server';
import {
  COUNTERS,
  COUNTS,
  EVENT_LOOP_DELAY,
  FAILOVER_DURATION,
  FAILOVER_PHASE_DURATION,
  FAILOVERS,
  GAUGES,
  type Observed,
  ROLE,
} from './names.js';

const NANOSECONDS = 1e9;
const ROLES: readonly ReplicaStatus['role'][] = ['starting', 'joining', 'backup', 'promoting', 'primary', 'deposed'];

/** @returns a function that ends the observation */
export function observe(replica: ReplicaServer, meter: Meter, own: Attributes): () => void {
  const { group, replica: member } = replica.status;
  const attributes: Attributes = { ...own, 'understudy.group': group, 'understudy.replica': member.id };
  const observed: [Observable, Observed][] = [
    ...GAUGES.map((each): [Observable, Observed] => [meter.createObservableGauge(each.name, each), each]),
    ...COUNTERS.map((each): [Observable, Observed] => [meter.createObservableCounter(each.name, each), each]),
    ...COUNTS.map((each): [Observable, Observed] => [meter.createObservableGauge(each.name, each), each]),
  ];
  const role = meter.createObservableGauge(ROLE.name, ROLE);
  const delay = meter.createObservableGauge(EVENT_LOOP_DELAY.name, EVENT_LOOP_DELAY);
  const instruments = [...observed.map(([instrument]) => instrument), role, delay];
  const histogram = monitorEventLoopDelay();
  histogram.enable();

  const collect = (result: BatchObservableResult): void => {
    const { status } = replica;
    for (const [instrument, { value }] of observed) {
      const measured = value(status);
      if (measured !== undefined) result.observe(instrument, measured, attributes);
    }
    for (const each of ROLES) {
      result.observe(role, each === status.role ? 1 : 0, { ...attributes, 'understudy.role': each });
    }
    observeDelay(result, delay, histogram, attributes);
  };
  meter.addBatchObservableCallback(collect, instruments);
  const leave = watchFailovers(replica, meter, attributes);
  return () => {
    meter.removeBatchObservableCallback(collect, instruments);
    histogram.disable();
    leave();
  };
}

function observeDelay(
  result: BatchObservableResult,
  delay: Observable,
  histogram: IntervalHistogram,
  attributes: Attributes,
): void {
  // Before the first sample the histogram has no numbers.
  const seconds = (nanoseconds: number): number => (histogram.count === 0 ? 0 : nanoseconds / NANOSECONDS);
  result.observe(delay, seconds(histogram.percentile(99)), { ...attributes, 'understudy.quantile': '0.99' });
  result.observe(delay, seconds(histogram.max), { ...attributes, 'understudy.quantile': '1' });
  histogram.reset();
}

function watchFailovers(replica: ReplicaServer, meter: Meter, attributes: Attributes): () => void {
  const failovers = meter.createCounter(FAILOVERS.name, FAILOVERS);
  const duration = meter.createHistogram(FAILOVER_DURATION.name, FAILOVER_DURATION);
  const phases = meter.createHistogram(FAILOVER_PHASE_DURATION.name, FAILOVER_PHASE_DURATION);
  let last = replica.status.role;
  let claimedMs: number | undefined;
  return replica.on('role', ({ role, term, lastPromotion }) => {
    if (role === 'promoting' && last !== 'promoting') claimedMs = performance.now();
    if (role === 'primary' && last !== 'primary') {
      failovers.add(1, attributes);
      if (claimedMs !== undefined) duration.record((performance.now() - claimedMs) / 1000, attributes);
      // The first primary of a group takes the place of nobody.
      const { claimMs, collectionMs, replayMs } = (term > 1 && lastPromotion) || {};
      for (const [phase, ms] of Object.entries({ claim: claimMs, collection: collectionMs, replay: replayMs })) {
        if (ms !== undefined) phases.record(ms / 1000, { ...attributes, 'understudy.phase': phase });
      }
    }
    if (role !== 'promoting') claimedMs = undefined;
    last = role;
  });
}
