import { forceRecord, isInSync } from '@understudy/core';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Simulation } from '../simulation.js';
import { demand } from '../violation.js';
import { asksNothing, describeKept, keepsLittle, keepsNoStreams } from './kept.js';

/** How a run ended: whole; or `blocked` or `unavailable`, as the design allows after what happened. */
export type Ending = 'whole' | 'blocked' | 'unavailable';

const ROUND_MS = 20;
/** Within this time after the last fault every open call must end. */
const ANSWERED_WITHIN_MS = 9000;
/** A session that is closed gives up after five seconds; by then it has ended, clean or not. */
const ENDED_WITHIN_MS = 6500;
const TOGETHER_WITHIN_MS = 6000;
/** A primary that waits for its successor orders nothing for so long; its successor does. */
const TIDY_WITHIN_LEASES = 6;

/**
 * Faults stop; then everything outstanding must end, sessions close clean, and all replicas come to hold the same. Where
 * the group waits for an operator, one comes, and then it must go on.
 */
export function settle(simulation: Simulation): Ending {
  calmDown(simulation);
  const ending = goOn(simulation);
  if (ending !== 'whole') force(simulation);
  return ending;
}

function goOn(simulation: Simulation): Ending {
  const answered = within(
    simulation,
    ANSWERED_WITHIN_MS + longStreamsMs(simulation),
    () => openCalls(simulation) === 0,
  );
  if (!answered)
    return explain(simulation, () => `${openCalls(simulation)} calls are not answered: ${openNames(simulation)}`);
  for (const client of simulation.clients) {
    simulation.applications.call(client, false);
    simulation.applications.call(client, true);
    simulation.applications.openStream(client);
  }
  if (!within(simulation, ANSWERED_WITHIN_MS + longStreamsMs(simulation), () => openCalls(simulation) === 0)) {
    return explain(simulation, () => `calls after all faults are not answered: ${openNames(simulation)}`);
  }
  if (!retried(simulation)) return explain(simulation, () => 'calls with a key, made again, are not answered');
  if (!askedAgain(simulation)) return explain(simulation, () => 'calls of a group, made again, are not answered');
  for (const client of simulation.clients) {
    // What is still open now is what no handler ever ends.
    for (const call of [...client.calls.keys()]) client.cancel(call);
  }
  cancelStreams(simulation);
  if (!within(simulation, TOGETHER_WITHIN_MS, () => keepsNoStreams(simulation)))
    return explain(simulation, () => `streams have ended, but something is kept of them: ${describeKept(simulation)}`);
  for (const client of simulation.clients) {
    client.endedUnclean = false;
    client.close();
  }
  if (!within(simulation, ENDED_WITHIN_MS, () => simulation.clients.every(({ alive }) => !alive))) {
    return explain(simulation, () => 'a session does not end');
  }
  if (simulation.clients.some(({ endedUnclean, process }) => endedUnclean && !simulation.history.wasGivenUp(process)))
    return explain(simulation, () => 'a session does not end clean');
  if (
    !within(
      simulation,
      TOGETHER_WITHIN_MS + toldMs(simulation) + streamsEndMs(simulation) + longStreamsMs(simulation),
      () => areTogether(simulation),
    )
  ) {
    return explain(simulation, () => `the replicas do not come together: ${describe(simulation)}`);
  }
  checkWhole(simulation);
  const tidyMs =
    TIDY_WITHIN_LEASES * simulation.plan.config.leaseMs + streamsEndMs(simulation) + longStreamsMs(simulation);
  const tidy = within(simulation, tidyMs, () => keepsLittle(simulation));
  demand(tidy, () => `everything is stable, but something is kept: ${describeKept(simulation)}`);
  return 'whole';
}

/**
 * Streams of a dead client end with its records: it is taken for silent, and then they are kept for as long again. Until
 * then nobody joins.
 */
const streamsEndMs = ({ plan }: Simulation): number =>
  plan.streams === undefined ? 0 : 2.5 * plan.config.sessionExpiryMs;

/** Where clients tell of the order, and are gone, the primary does so after a while. */
const toldMs = ({ plan }: Simulation): number =>
  plan.config.multicast === 'destination' ? 2 * plan.config.nullMessageMs : 0;

/** Interceptors see the messages of a stream one by one, and who joins while one is open processes all of them again. */
const longStreamsMs = ({ plan, history }: Simulation): number =>
  plan.streams === undefined ? 0 : 4 * plan.handlerMs * history.operations.length;

/** Those that are torn; nobody joins while they are open. */
function cancelStreams({ clients }: Simulation): void {
  for (const client of clients) for (const stream of [...client.openStreams.values()]) client.cancelStream(stream);
}

/** DESIGN 5.13: whoever calls again under its key gets an answer, whatever became of the first call. */
function retried(simulation: Simulation): boolean {
  const { history, applications } = simulation;
  const isAnswered = () =>
    history.operations.every(({ key, refused, stuck, state }) => {
      return key === undefined || refused || stuck || state !== 'unknown';
    });
  // A primary that hands over refuses it, so it is made again until somebody takes it.
  return within(simulation, ANSWERED_WITHIN_MS, () => {
    if (openCalls(simulation) > 0) return false;
    const primary = primaryOf(simulation);
    if (primary !== undefined) applications.retryWithKey(primary);
    return openCalls(simulation) === 0 && isAnswered();
  });
}

/** DESIGN 5.7: whoever asks again as a calling group gets an answer, whatever became of the first call. */
const askedAgain = (simulation: Simulation): boolean =>
  within(simulation, ANSWERED_WITHIN_MS, () => openCalls(simulation) === 0 && simulation.caller?.askAgain() !== false);

/** What only others held is lost now; what the chosen replica goes on with must still be one history, and everywhere. */
function force(simulation: Simulation): void {
  const { coordinator, servers, choices } = simulation;
  for (const server of servers) if (!server.alive) server.start();
  within(simulation, 2 * ROUND_MS, () => false);
  const { record } = coordinator;
  demand(record !== undefined, () => 'there is no record to force');
  const chosen = choices.pick(servers.filter(({ alive }) => alive));
  simulation.fault([chosen], 'an operator makes it the record');
  coordinator.swap(forceRecord(record, chosen.member, chosen.name), 'force');
  within(simulation, ANSWERED_WITHIN_MS, () => openCalls(simulation) === 0);
  cancelStreams(simulation);
  const isOver = () => openCalls(simulation) === 0 && areTogether(simulation);
  const overMs = ANSWERED_WITHIN_MS + TOGETHER_WITHIN_MS + streamsEndMs(simulation) + longStreamsMs(simulation);
  const over = within(simulation, overMs, isOver);
  demand(over, () => `after force: ${openCalls(simulation)} calls open: ${openNames(simulation)}`);
  const { service } = checkReplicas(simulation);
  simulation.callee?.record.check(service);
}

function calmDown(simulation: Simulation): void {
  simulation.someGivenUp =
    simulation.clients.some(({ dead }) => dead) ||
    simulation.servers.some((server) => simulation.outOfReach(server).size > 0);
  simulation.calmSinceMs = simulation.nowMs;
  simulation.healAll();
  if (simulation.tracing) simulation.fault([], 'faults are over');
  for (const server of simulation.servers) if (!server.alive && simulation.choices.chance(0.8)) server.start();
}

/** @returns whether it came true in time */
function within(simulation: Simulation, ms: number, isTrue: () => boolean): boolean {
  const untilMs = simulation.nowMs + ms;
  simulation.drain();
  while (!isTrue()) {
    if (simulation.nowMs >= untilMs) return false;
    simulation.passTime(ROUND_MS);
    simulation.drain();
  }
  return true;
}

const open = (simulation: Simulation) =>
  simulation.history.operations.filter(({ state, stuck }) => state === 'open' && !stuck);

function openCalls(simulation: Simulation): number {
  return simulation.clients.reduce((sum, { calls, openStreams }) => {
    let n = openStreams.size;
    for (const operation of calls.values()) if (!operation.stuck) n++;
    return sum + n;
  }, simulation.applications.openPlain);
}

const openNames = (simulation: Simulation): string =>
  `${open(simulation)
    .map(({ name }) => name)
    .join(' ')}; ${describe(simulation)}`;

function describe(simulation: Simulation): string {
  return simulation.servers
    .map(({ name, alive, status }) =>
      alive && status
        ? `${name} ${status.role} term ${status.term} held ${status.heldUpTo} processed ${status.processedUpTo} stable ${status.stableUpTo}${status.openNested > 0 ? ` asks ${status.openNested}` : ''}${status.blocked ? ' blocked' : ''}`
        : `${name} gone`,
    )
    .join('; ');
}

/** It did not go on: only for a reason that the design knows. */
function explain(simulation: Simulation, what: () => string): Ending {
  const { record } = simulation.coordinator;
  const left = simulation.servers.filter(
    ({ alive, member }) => alive && record !== undefined && isInSync(record, member),
  );
  if (record !== undefined && left.length === 0) return 'unavailable';
  if (simulation.someGivenUp && left.some(({ status }) => status?.blocked !== undefined)) return 'blocked';
  demand(false, what);
  return 'blocked';
}

function areTogether(simulation: Simulation): boolean {
  if (!asksNothing(simulation)) return false;
  const { record } = simulation.coordinator;
  const primary = primaryOf(simulation);
  if (record === undefined || primary === undefined) return false;
  const upTo = primary.status?.processedUpTo;
  if (simulation.servers.some((server) => differs(server, primary))) return false;
  return simulation.servers.every(({ alive, member, status, jobs }) => {
    if (!alive) return true;
    if (jobs.length > 0) return false;
    const reached = simulation.plan.config.replication === 'passive' ? status?.heldUpTo : status?.processedUpTo;
    return isInSync(record, member) && reached === upTo;
  });
}

const primaryOf = (simulation: Simulation): ServerHost | undefined =>
  simulation.servers.find(({ alive, status }) => alive && status?.role === 'primary');

function checkWhole(simulation: Simulation): void {
  const { service } = checkReplicas(simulation);
  const concurrent = simulation.plan.config.release === 'concurrent';
  simulation.history.check(service, concurrent);
  simulation.history.judge(simulation.plan.workload, concurrent);
  simulation.callee?.record.check(service);
  simulation.caller?.check(service.operations);
}

/** It processed as much as the primary, to another result, and did not say so. */
const differs = ({ alive, status, noticedDivergence }: ServerHost, primary: ServerHost): boolean =>
  alive &&
  !noticedDivergence &&
  status?.processedUpTo === primary.status?.processedUpTo &&
  status?.digest !== primary.status?.digest;

/** All hold the same, or said that they do not. */
function checkReplicas(simulation: Simulation): ServerHost {
  const primary = primaryOf(simulation);
  demand(primary !== undefined, () => 'there is no primary');
  const mine = primary.service.operations.join(' ');
  demand(
    new Set(primary.service.operations).size === primary.service.length,
    () => `something took effect twice: ${mine}`,
  );
  for (const server of simulation.servers) {
    const { name, alive, status, noticedDivergence, service } = server;
    demand(!differs(server, primary), () => `${name} differs from the primary, and nobody noticed`);
    if (!alive || noticedDivergence || status?.processedUpTo !== primary.status?.processedUpTo) continue;
    // A passive backup has only what its checkpoint says.
    if (simulation.plan.config.replication === 'passive') continue;
    const theirs = service.operations.join(' ');
    demand(theirs === mine, () => `${name} has ${theirs}, the primary ${mine}`);
  }
  return primary;
}
