/** Describes the plan of a run in words. */
import type { GroupConfig } from '@understudy/core/internal';
import type { CopyPlan, NestedPlan, OncePlan, Plan, StreamPlan, ThreadPlan, TimerPlan, UpgradePlan } from './plan.js';

/** The mode as the documentation names it: `semi-active, direct, concurrent, stream`. */
export const describeMode = ({ replication, multicast, release, carrier }: GroupConfig): string =>
  [replication, multicast, release, carrier].join(', ');

export const describePlan = (plan: Plan): string =>
  `${plan.servers} replicas, ${plan.clients} clients, ${describeMode(plan.config)}; ${plan.workload.name}; ${plan.steps} steps, ` +
  `handlers ${plan.stuck ? 'stuck' : `${plan.handlerMs} ms`}${plan.admits ? ', admits' : ''}; faults ${plan.faults.join(' ') || 'none'}` +
  (plan.drill === undefined ? '' : `; drill ${plan.drill}`) +
  (plan.streams === undefined ? '' : `; ${describeStreams(plan.streams)}${describeBacklog(plan.config)}`) +
  (plan.config.ordering === 'reception' ? '' : `; ordered by ${plan.config.ordering}`) +
  (plan.deadly > 0 ? '; messages of death' : '') +
  (plan.oneWayRate > 0 ? '; one-way calls' : '') +
  (plan.values > 0 ? `; values ${plan.values}` : '') +
  (plan.timers === undefined ? '' : `; ${describeTimers(plan.timers)}`) +
  (plan.once === undefined ? '' : `; ${describeOnce(plan.once)}`) +
  (plan.nested === undefined ? '' : `; ${describeNested(plan.nested)}`) +
  (plan.upgrade === undefined ? '' : `; ${describeUpgrade(plan.upgrade)}`) +
  (plan.digests === undefined ? '' : `; ${describeDigests(plan)}`) +
  describeCopies(plan.copies) +
  (plan.threads === undefined ? '' : `; ${describeThreads(plan.threads)}`);

const describeDigests = ({ config, digests }: Plan): string =>
  `states compared every ${config.stateDigestEvery} orders` +
  (digests?.strays ? `, changed ${digests.strays}, ${digests.stays ? 'only told of' : 'restored'}` : '');

const describeCopies = ({ pieceBytes, snapshots, blockMs }: CopyPlan): string =>
  `; pieces of ${pieceBytes} bytes${snapshots ? ', snapshots' : ''}${blockMs > 0 ? `, copying blocks ${blockMs} ms` : ''}`;

const describeOnce = ({ share, runMs, throws }: OncePlan): string =>
  `once ${share}, ${runMs} ms${throws > 0 ? `, throws ${throws}` : ''}`;

const describeTimers = ({ share, agenda }: TimerPlan): string =>
  `timers ${share}` +
  (agenda === undefined
    ? ''
    : `, cleared, every ${agenda.periodsMs.join(' and ') || 'never'}${agenda.mayArm ? ', foreseen' : ''}${agenda.steady ? ', by steady clocks' : ''}`);

const describeThreads = ({ blocks, blockMs, cuts }: ThreadPlan): string =>
  `liveness threads, main ones blocked ${blocks}, up to ${blockMs} ms${cuts > 0 ? `, cut ${cuts}` : ''}`;

const describeNested = ({ share, streams, calleeMs, trouble, callers }: NestedPlan): string =>
  `nested calls ${share}, callee ${calleeMs} ms${trouble > 0 ? `, disturbed ${trouble}` : ''}` +
  (streams > 0 ? `, streams ${streams}` : '') +
  (callers > 0 ? `, a group calls ${callers}` : '');

const describeUpgrade = (upgrade: UpgradePlan): string =>
  `replicas differ in ${
    Object.entries(upgrade)
      .flatMap(([name, differs]) => (differs ? [name] : []))
      .join(' and ') || 'nothing'
  }`;

const describeStreams = ({ rate, late, long, broadcasts }: StreamPlan): string =>
  `streams ${rate}${late > 0 ? ', late' : ''}${long > 0 ? ', long' : ''}${broadcasts ? ', to all' : ''}`;

const describeBacklog = ({ replication, backlogMax }: GroupConfig): string =>
  replication === 'passive' ? `, at most ${backlogMax} orders to replay` : '';
