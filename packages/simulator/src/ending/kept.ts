/** Checks that a group at rest keeps little: short logs, no forgotten message, no stream that is over. */
import type { GroupRecord, ReplicaStatus } from '@understudy/core';
import type { ServerHost } from '../hosts/replica/server-host.js';
import { executes } from '../hosts/upgrade/executes.js';
import type { Plan } from '../plan/plan.js';

/** The replicas, after everything has come to rest, and the dead processes of clients. */
export interface KeptWorld {
  readonly plan: Plan;
  readonly servers: readonly ServerHost[];
  readonly coordinator: { readonly record: GroupRecord | undefined };
  readonly clients: readonly { readonly deadProcesses: readonly number[] }[];
}

/** DESIGN 7.8: when everything is stable, logs are short, and no message is left that will never be ordered. */
export const keepsLittle = ({ plan, servers, coordinator }: KeptWorld): boolean =>
  servers.every(
    (server) =>
      server.core === undefined ||
      server.status === undefined ||
      isTidy(plan, server, server.core.status, coordinator.record),
  );

function isTidy(
  plan: Plan,
  server: ServerHost,
  { role, logLength, base, heldUpTo, unordered, openStreams, openNested, streams, timers }: ReplicaStatus,
  record: GroupRecord | undefined,
): boolean {
  const { life } = server;
  const { unstableMax } = plan.config;
  const isExecuting = executes(record, server);
  // A primary whose backups run other code keeps the orders that they may still lack.
  const followsByCopy = !isExecuting || plan.config.replication === 'passive' || plan.upgrade !== undefined;
  // A replica that executes needs a log only if streams were open: from its base on. A replica that does not execute
  // keeps the orders after its checkpoint.
  const forBase = base === undefined ? 0 : heldUpTo - base;
  // While handlers live no checkpoint is taken, so a passive backup's log may be longer; `checks/watch.ts` bounds it.
  const { streams: withStreams, timers: withTimers } = plan;
  const withNested = plan.nested ?? plan.once;
  const mayLag = followsByCopy && (withStreams ?? withNested ?? withTimers) !== undefined;
  // Where handlers may arm functions, the log since a copy that was made for a joiner is kept, too. And where threads
  // send the heartbeats, a backup hears what is stable only with the next timer, which it then still has to process.
  const { mayArm = false, periodsMs = [] } = withTimers?.agenda ?? {};
  const keepsBase = mayArm || (periodsMs.length > 0 && plan.threads !== undefined);
  // A timer may have rung just now.
  const rung = 2 * periodsMs.length;
  if (!mayLag && !keepsBase && logLength > rung + (followsByCopy ? 3 * unstableMax : forBase)) return false;
  // If a cancellation is refused as a message of death, the handler is not told that its client is gone.
  const untold = record?.deaths?.poisoned.filter(({ digest }) => digest === '').length ?? 0;
  // A replica that does not execute has the streams of its checkpoint.
  const open = openStreams + streams + Math.max(0, life.streams.open - untold) + openNested + life.nested.open + timers;
  if ((role === 'primary' || isExecuting) && open > 0) return false;
  // A promotion gives an order to whatever a session waits for, and voids the rest (DESIGN 5.6).
  return role !== 'primary' || unordered <= rung;
}

export const describeKept = ({ servers }: KeptWorld): string =>
  servers
    .map(({ name, core, life }) => {
      const { logLength, base, unordered, openStreams, openNested, streams, timers } = core?.status ?? {};
      return `${name} ${logLength} orders, base ${base}, ${timers} timers, ${unordered} messages, ${openStreams} of ${streams} streams open, ${life.streams.open + life.nested.open} handlers, ${openNested} calls`;
    })
    .join('; ');

/** Every replica that executes has the replies to all calls of its handlers, and those handlers have ended. */
export const asksNothing = ({ plan, servers, coordinator }: KeptWorld): boolean =>
  (plan.nested ?? plan.once) === undefined ||
  servers.every((server) => {
    const { alive, status, life } = server;
    return !alive || !executes(coordinator.record, server) || (status?.openNested === 0 && life.nested.open === 0);
  });

/** Nothing is kept of a stream that ended, once its client has taken everything or is dead. */
export const keepsNoStreams = ({ servers, clients }: KeptWorld): boolean =>
  clients.some(({ deadProcesses }) => deadProcesses.length > 0) ||
  servers.every(({ core, status }) => status?.role !== 'primary' || core === undefined || core.status.streams === 0);
