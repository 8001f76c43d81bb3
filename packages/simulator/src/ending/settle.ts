import type { GroupRecord, SwapResult } from '@understudy/core';
import { forceRecord, isInSync } from '@understudy/core/internal';
import type { Applications } from '../applications/applications.js';
import type { CallingGroup } from '../applications/calling-group.js';
import type { History } from '../checks/history.js';
import type { Outside } from '../checks/outside.js';
import type { Choices } from '../draw/choices.js';
import type { Callee } from '../hosts/callee.js';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { Host } from '../hosts/host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Plan } from '../plan/plan.js';
import { demand } from '../violation.js';
import { describeKept, keepsLittle, keepsNoStreams } from './kept.js';
import { areTogether, checkReplicas, describeReplicas, primaryOf } from './replicas.js';
import { everyMs, everyRings, HANDLERS_END_MS, timersLeft } from './timers.js';

/** The run that comes to its end. */
export interface SettlingWorld {
  readonly plan: Plan;
  readonly choices: Choices;
  readonly nowMs: number;
  readonly servers: readonly ServerHost[];
  readonly clients: readonly ClientHost[];
  readonly applications: Applications;
  readonly caller: CallingGroup | undefined;
  readonly callee: Pick<Callee, 'check'> | undefined;
  readonly outside: Outside | undefined;
  readonly history: History;
  readonly coordinator: {
    readonly record: GroupRecord | undefined;
    swap(next: GroupRecord, reason: string): SwapResult;
  };
  /** The time since which faults are over and everything must go well. */
  calmSinceMs: number;
  /**
   * Whether some client died, or was out of reach for sessionMs, so that the group may have to wait for an operator.
   */
  someGivenUp: boolean;
  outOfReach(server: ServerHost): ReadonlySet<number>;
  healAll(): void;
  drain(): void;
  passTime(ms: number): void;
  fault(among: readonly Host[], text: string): void;
}

/** How a run ended: whole; or `blocked` or `unavailable`, as the design allows after what happened. */
export type Ending = 'whole' | 'blocked' | 'unavailable';

const ROUND_MS = 20;
/** How long after the last fault every open call must have ended. */
const ANSWERED_WITHIN_MS = 9000;
/** A session that is closed gives up after five seconds; within this time it has ended, clean or not. */
const ENDED_WITHIN_MS = 6500;
const TOGETHER_WITHIN_MS = 6000;
/** For this long a primary that waits for its successor orders nothing; then its successor orders. */
const TIDY_WITHIN_LEASES = 6;
/** For this long, besides three leases, a learner that died while it was sent a copy is expected back. */
const LEARNER_SILENT_MS = 2000;

/**
 * Faults stop; then everything outstanding must end, sessions close clean, and all replicas come to hold the same. Where
 * the group waits for an operator, one comes, and then it must go on.
 */
export function settle(world: SettlingWorld): Ending {
  calmDown(world);
  const ending = goOn(world);
  if (ending !== 'whole') force(world);
  return ending;
}

function goOn(world: SettlingWorld): Ending {
  const answered = within(world, answeredWithinMs(world), () => openCalls(world) === 0);
  if (!answered) return explain(world, () => `${openCalls(world)} calls are not answered: ${openNames(world)}`);
  for (const client of world.clients) {
    world.applications.call(client, false);
    world.applications.call(client, true);
    world.applications.openStream(client);
  }
  if (!within(world, answeredWithinMs(world), () => openCalls(world) === 0)) {
    return explain(world, () => `calls after all faults are not answered: ${openNames(world)}`);
  }
  if (!retried(world)) return explain(world, () => 'calls with a key, made again, are not answered');
  if (!askedAgain(world)) return explain(world, () => 'calls of a group, made again, are not answered');
  for (const client of world.clients) {
    // Only calls whose handlers never end are open now.
    for (const call of [...client.calls.keys()]) client.cancel(call);
  }
  cancelStreams(world);
  if (!within(world, TOGETHER_WITHIN_MS + copiesMs(world), () => keepsNoStreams(world)))
    return explain(world, () => `streams have ended, but something is kept of them: ${describeKept(world)}`);
  for (const client of world.clients) {
    client.endedUnclean = false;
    client.close();
  }
  if (!within(world, ENDED_WITHIN_MS, () => world.clients.every(({ alive }) => !alive))) {
    return explain(world, () => 'a session does not end');
  }
  if (world.clients.some(({ endedUnclean, process }) => endedUnclean && !world.history.wasGivenUp(process)))
    return explain(world, () => 'a session does not end clean');
  const rings = within(world, everyMs(world), everyRings(world));
  if (!rings)
    return explain(world, () => `a timer that comes again and again does not ring: ${describeReplicas(world)}`);
  if (
    !within(
      world,
      TOGETHER_WITHIN_MS + toldMs(world) + streamsEndMs(world) + longStreamsMs(world) + comparedMs(world),
      () => areTogether(world),
    )
  ) {
    return explain(world, () => `the replicas do not come together: ${describeReplicas(world)}`);
  }
  checkWhole(world);
  const tidyMs =
    TIDY_WITHIN_LEASES * world.plan.config.leaseMs + LEARNER_SILENT_MS + streamsEndMs(world) + longStreamsMs(world);
  const tidy = within(world, tidyMs, () => keepsLittle(world));
  demand(tidy, () => `everything is stable, but something is kept: ${describeKept(world)}`);
  const rang = within(world, HANDLERS_END_MS, () => timersLeft(world).length === 0);
  demand(rang, () => `timers never ring: ${timersLeft(world).join(', ')}`);
  return 'whole';
}

/**
 * The streams of a dead client end when its records are freed: the client must first count as silent, and then its
 * records are kept for as long again. Until then no replica joins.
 */
const streamsEndMs = ({ plan }: SettlingWorld): number =>
  plan.streams === undefined ? 0 : 2.5 * plan.config.sessionExpiryMs;

/**
 * States are compared at most ten seconds after the last comparison. A replica whose state differs restores it then.
 */
const comparedMs = ({ plan }: SettlingWorld): number => (plan.digests === undefined ? 0 : 12_000);

/** Where clients reflect the order and are gone, the primary announces it itself after a while. */
const toldMs = ({ plan }: SettlingWorld): number =>
  plan.config.multicast === 'destination' ? 2 * plan.config.nullMessageMs : 0;

/**
 * Interceptors see the messages of a stream one by one, and a replica that joins while one is open processes all of
 * them again.
 */
const longStreamsMs = ({ plan, history }: SettlingWorld): number =>
  plan.streams === undefined ? 0 : 4 * plan.handlerMs * history.operations.length;

/** A passive group copies its state every few calls, and each copy may block it: at most this many times meanwhile. */
const BLOCKING_COPIES = 24;

const copiesMs = ({ plan }: SettlingWorld): number => BLOCKING_COPIES * plan.copies.blockMs;

/** A handler waits for a stream that it opened, read by read and write by write, and calls may wait for that handler. */
const nestedStreamsMs = ({ plan: { nested } }: SettlingWorld): number =>
  nested === undefined || nested.streams === 0 ? 0 : 20 * nested.calleeMs;

const answeredWithinMs = (world: SettlingWorld): number =>
  ANSWERED_WITHIN_MS + longStreamsMs(world) + copiesMs(world) + nestedStreamsMs(world);

/** Gives up the streams that are left, because no replica joins while they are open. */
function cancelStreams({ clients }: SettlingWorld): void {
  for (const client of clients) for (const stream of [...client.openStreams.values()]) client.cancelStream(stream);
}

/** DESIGN 5.13: a caller that repeats its call under its key gets an answer, whatever the outcome of the first call. */
function retried(world: SettlingWorld): boolean {
  const { history, applications } = world;
  const isAnswered = () =>
    history.operations.every(({ key, refused, stuck, state }) => {
      return key === undefined || refused || stuck || state !== 'unknown';
    });
  // A primary that hands over refuses such a call, so the call is made until some primary takes it.
  return within(world, ANSWERED_WITHIN_MS, () => {
    if (openCalls(world) > 0) return false;
    const primary = primaryOf(world);
    if (primary !== undefined) applications.retryWithKey(primary);
    return openCalls(world) === 0 && isAnswered();
  });
}

/** DESIGN 5.7: a calling group that repeats its call gets an answer, whatever the outcome of the first call. */
const askedAgain = (world: SettlingWorld): boolean =>
  within(world, ANSWERED_WITHIN_MS, () => openCalls(world) === 0 && world.caller?.askAgain() !== false);

/**
 * Orders that only other replicas held are lost now. The chosen replica must still go on with one history, and all
 * replicas with the same.
 */
function force(world: SettlingWorld): void {
  const { coordinator, servers, choices } = world;
  for (const server of servers) if (!server.alive) server.start();
  within(world, 2 * ROUND_MS, () => false);
  const { record } = coordinator;
  demand(record !== undefined, () => 'there is no record to force');
  const chosen = choices.pick(servers.filter(({ alive }) => alive));
  world.fault([chosen], 'an operator makes it the record');
  coordinator.swap(forceRecord(record, chosen.member, chosen.name), 'force');
  within(world, ANSWERED_WITHIN_MS, () => openCalls(world) === 0);
  cancelStreams(world);
  const isOver = () => openCalls(world) === 0 && areTogether(world);
  const overMs =
    ANSWERED_WITHIN_MS + TOGETHER_WITHIN_MS + streamsEndMs(world) + longStreamsMs(world) + comparedMs(world);
  const over = within(world, overMs, isOver);
  demand(over, () => `after force: ${openCalls(world)} calls open: ${openNames(world)}`);
  const { service } = checkReplicas(world).life;
  world.callee?.check(service);
  world.outside?.check(service);
}

function calmDown(world: SettlingWorld): void {
  world.someGivenUp =
    world.clients.some(({ dead }) => dead) || world.servers.some((server) => world.outOfReach(server).size > 0);
  world.calmSinceMs = world.nowMs;
  world.healAll();
  world.fault([], 'faults are over');
  for (const server of world.servers) if (!server.alive && world.choices.chance(0.8)) server.start();
}

/** @returns whether it became true in time */
function within(world: SettlingWorld, ms: number, isTrue: () => boolean): boolean {
  const untilMs = world.nowMs + ms;
  world.drain();
  while (!isTrue()) {
    if (world.nowMs >= untilMs) return false;
    world.passTime(ROUND_MS);
    world.drain();
  }
  return true;
}

const open = (world: SettlingWorld) =>
  world.history.operations.filter(({ state, stuck }) => state === 'open' && !stuck);

function openCalls(world: SettlingWorld): number {
  return world.clients.reduce((sum, { calls, openStreams }) => {
    let n = openStreams.size;
    for (const operation of calls.values()) if (!operation.stuck) n++;
    return sum + n;
  }, world.applications.openPlain);
}

const openNames = (world: SettlingWorld): string =>
  `${open(world)
    .map(({ name }) => name)
    .join(' ')}; ${describeReplicas(world)}`;

/** The group did not go on, which is allowed only for a reason that the design knows. */
function explain(world: SettlingWorld, what: () => string): Ending {
  const { record } = world.coordinator;
  const left = world.servers.filter(({ alive, member }) => alive && record !== undefined && isInSync(record, member));
  if (record !== undefined && left.length === 0) return 'unavailable';
  if (world.someGivenUp && left.some(({ core }) => core?.status.blocked !== undefined)) return 'blocked';
  demand(false, what);
  return 'blocked';
}

function checkWhole(world: SettlingWorld): void {
  const { service } = checkReplicas(world).life;
  const concurrent = world.plan.config.release === 'concurrent';
  world.history.noteRefused(world.coordinator.record?.deaths?.poisoned);
  world.history.check(service, concurrent);
  world.history.judge(world.plan.workload, concurrent);
  world.callee?.check(service);
  world.outside?.check(service);
  world.caller?.check(service.operations);
}
