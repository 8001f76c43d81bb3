/**
 * The *base*: a checkpoint older than every open stream, from which a replica can join while streams are open.
 *
 * A checkpoint cannot include the local variables of an open stream's handler, nor of one that waits for other calls, so
 * a joining replica takes the base and then every message since. The primary makes a base before it opens a stream if it has none or the one it has is old.
 * Every replica keeps the base and its log from there on; backups of a passive group keep both in any case.
 */

import type { Checkpoint } from '../../model/checkpoint.js';
import { minOf, type OrderNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { Work } from '../../scheduling/scheduler.js';
import type { PrimaryState } from './primary-state.js';
import type { ReplicaState } from './replica-state.js';

/**
 * A base that lags further behind than this is dropped, so that the log stays bounded. Replicas then join when no
 * stream is open.
 */
export const BASE_LAG_MAX = 32_768;

/** How far a base that was made for a joiner may lag behind on a replica where no timer was armed yet. */
const YOUNG_BASE_LAG_MAX = 4096;

/** The base, if this replica still holds the log from there on and the role trusts the base. */
export function usableBase(r: ReplicaState): Checkpoint | undefined {
  const { checkpoint, order } = r;
  if (checkpoint === undefined) return undefined;
  if (!r.role.trusts(checkpoint)) return undefined;
  return order.entries.base <= checkpoint.orderNum ? checkpoint : undefined;
}

/** Whether the handler of a call may go on waiting for other messages: it is a stream's, or its method is declared so. */
export const mayStay = (r: ReplicaState, request: Request): boolean =>
  request.stream?.kind === 'open' ||
  /* rule base-before-timers */ r.timers.hadRaw ||
  /* rule base-before-waits */ waitsForOthers(r, request);

/** Whether a unary call may wait until a later one wakes it. */
export const waitsForOthers = (r: ReplicaState, { method, stream, reply }: Request): boolean =>
  stream === undefined && reply === undefined && r.settings(method).waitsForOthers;

/** Whether a new base must be made before this work starts: its handler may stay, and there is no recent base. */
export function needsBase(p: PrimaryState, work: Work | undefined): boolean {
  const { r } = p;
  if (work?.kind !== 'call' || !mayStay(r, work.request)) return false;
  if (r.openStreams > 0 || r.timers.raw > 0 || p.copyUnstable?.whole !== undefined) return false;
  const base = usableBase(r);
  return base === undefined || r.order.processedUpTo - base.orderNum >= r.config.checkpointEvery;
}

/** Why no replica can join, in a sentence for operators; undefined if one can. */
export function whyNoneJoins(r: ReplicaState): string | undefined {
  if (r.openStreams === 0 || usableBase(r) !== undefined) return undefined;
  return (
    `no replica can join, because streams have been open for more than ${BASE_LAG_MAX} orders; one that is restarted ` +
    'stays outside until there is a moment in which none is open'
  );
}

/** The order up to which the log may be dropped so that replicas can still join from the base. */
export function keptForBase(r: ReplicaState, upTo: OrderNum): OrderNum {
  const base = usableBase(r);
  if (base === undefined) return upTo;
  const isYoung = /* rule young-base */ r.mayArm && r.order.last - base.orderNum <= YOUNG_BASE_LAG_MAX;
  const mayHaveStreams =
    isYoung || r.hadStreams || r.role.mayHaveStreams || /* rule log-kept-for-streams */ mayOpenStreams(r);
  if (mayHaveStreams && r.order.last - base.orderNum <= BASE_LAG_MAX) return minOf(upTo, base.orderNum);
  r.checkpoint = undefined;
  if (r.timers.raw > 0)
    r.log('warn', 'no replica can join while functions given to setTimeout wait to run; use after() or every()', {
      timers: r.timers.raw,
    });
  if (r.openStreams > 0) r.log('warn', 'no replica can join while streams are open', { openStreams: r.openStreams });
  return upTo;
}

/** Whether an order that is here and not yet processed may have a handler that goes on waiting for other messages. */
const mayOpenStreams = ({ order, timers }: ReplicaState): boolean =>
  order.processedUpTo < (timers.hadRaw ? order.last : order.mayStayUpTo);

/** Whether backups answer reads of some methods. */
export const backupsAnswer = ({ config }: Pick<ReplicaState, 'config'>): boolean =>
  config.methods.some(({ readFrom }) => readFrom === 'backup');

/**
 * Whether no nested call is open and no handler waits for a reply or a timer. Handlers that wait for other calls do not
 * count, because they may wait for any time.
 */
export const isAtRest = (r: ReplicaState): boolean =>
  r.nested.open === 0 &&
  /* rule no-raw-timers-in-checkpoint */ r.timers.raw === 0 &&
  /* rule finished-before-checkpoint */ r.unfinished.size === r.openWaits;

/**
 * Whether every item has passed the interceptors. A checkpoint keeps the remaining items of ended streams as their
 * clients will get them.
 */
export function allPassed(r: ReplicaState): boolean {
  if (!r.admits) return true;
  for (const connection of r.connections.values()) {
    for (const stream of connection.streams.values()) if (stream.passedUpTo < stream.history.items.last) return false;
  }
  return true;
}
