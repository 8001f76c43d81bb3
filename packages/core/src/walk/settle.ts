import { isInSync } from '../replica/transitions.js';
import type { ServerHost } from './server-host.js';
import { demand } from './violation.js';
import type { Ending, Walk } from './walk.js';

const ROUND_MS = 20;
/** Within this time after the last fault every open call must end. */
const ANSWERED_WITHIN_MS = 9000;
/** A session that is closed gives up after five seconds; by then it has ended, clean or not. */
const ENDED_WITHIN_MS = 6500;
const TOGETHER_WITHIN_MS = 6000;

/** Faults stop; then everything outstanding must end, sessions close clean, and all replicas come to hold the same. */
export function settle(walk: Walk): Ending {
  calmDown(walk);
  const answered = within(walk, ANSWERED_WITHIN_MS, () => openCalls(walk) === 0);
  if (!answered) return explain(walk, () => `${openCalls(walk)} calls are not answered: ${openNames(walk)}`);
  for (const client of walk.clients) {
    walk.invoke(client, false);
    walk.invoke(client, true);
  }
  if (!within(walk, ANSWERED_WITHIN_MS, () => openCalls(walk) === 0)) {
    return explain(walk, () => `calls after all faults are not answered: ${openNames(walk)}`);
  }
  for (const client of walk.clients) {
    // What is still open now is what no handler ever ends.
    for (const call of [...client.calls.keys()]) client.cancel(call);
    client.endedUnclean = false;
    client.close();
  }
  if (!within(walk, ENDED_WITHIN_MS, () => walk.clients.every(({ alive }) => !alive))) {
    return explain(walk, () => 'a session does not end');
  }
  if (walk.clients.some(({ endedUnclean, index }) => endedUnclean && !walk.history.wasGivenUp(index)))
    return explain(walk, () => 'a session does not end clean');
  if (!within(walk, TOGETHER_WITHIN_MS, () => areTogether(walk))) {
    return explain(walk, () => `the replicas do not come together: ${describe(walk)}`);
  }
  checkWhole(walk);
  return 'whole';
}

function calmDown(walk: Walk): void {
  walk.someGivenUp =
    walk.clients.some(({ dead }) => dead) || walk.servers.some((server) => walk.outOfReach(server).size > 0);
  walk.calm = true;
  walk.healAll();
  if (walk.tracing) walk.print('faults are over');
  for (const server of walk.servers) if (!server.alive && walk.random.chance(0.8)) server.start();
}

/** @returns whether it came true in time */
function within(walk: Walk, ms: number, isTrue: () => boolean): boolean {
  const untilMs = walk.nowMs + ms;
  walk.drain();
  while (!isTrue()) {
    if (walk.nowMs >= untilMs) return false;
    walk.passTime(ROUND_MS);
    walk.drain();
  }
  return true;
}

const open = (walk: Walk) => walk.history.operations.filter(({ state, stuck }) => state === 'open' && !stuck);

function openCalls(walk: Walk): number {
  return walk.clients.reduce((sum, { calls }) => {
    let n = 0;
    for (const operation of calls.values()) if (!operation.stuck) n++;
    return sum + n;
  }, walk.openPlain);
}

const openNames = (walk: Walk): string =>
  `${open(walk)
    .map(({ name }) => name)
    .join(' ')}; ${describe(walk)}`;

function describe(walk: Walk): string {
  return walk.servers
    .map(({ name, alive, status }) =>
      alive && status
        ? `${name} ${status.role} term ${status.term} held ${status.heldUpTo} processed ${status.processedUpTo} stable ${status.stableUpTo}${status.blocked ? ' blocked' : ''}`
        : `${name} gone`,
    )
    .join('; ');
}

/** It did not go on: only for a reason that the design knows. */
function explain(walk: Walk, what: () => string): Ending {
  const { record } = walk.coordinator;
  const left = walk.servers.filter(({ alive, member }) => alive && record !== undefined && isInSync(record, member));
  if (record !== undefined && left.length === 0) return 'unavailable';
  if (walk.someGivenUp && left.some(({ status }) => status?.blocked !== undefined)) return 'blocked';
  demand(false, what);
  return 'blocked';
}

function areTogether(walk: Walk): boolean {
  const { record } = walk.coordinator;
  const primary = primaryOf(walk);
  if (record === undefined || primary === undefined) return false;
  const upTo = primary.status?.processedUpTo;
  return walk.servers.every(({ alive, member, status, jobs }) => {
    if (!alive) return true;
    if (jobs.length > 0) return false;
    const reached = walk.plan.config.replication === 'passive' ? status?.heldUpTo : status?.processedUpTo;
    return isInSync(record, member) && reached === upTo;
  });
}

const primaryOf = (walk: Walk): ServerHost | undefined =>
  walk.servers.find(({ alive, status }) => alive && status?.role === 'primary');

function checkWhole(walk: Walk): void {
  const primary = primaryOf(walk);
  demand(primary !== undefined, () => 'there is no primary');
  const { service } = primary;
  walk.history.check(service, walk.plan.config.release === 'concurrent');
  if (walk.plan.config.replication === 'passive') return;
  for (const server of walk.servers) {
    demand(
      !server.alive || server.service.operations.join(' ') === service.operations.join(' '),
      () => `${server.name} has ${server.service.operations.join(' ')}, the primary ${service.operations.join(' ')}`,
    );
  }
}
