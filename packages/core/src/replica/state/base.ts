import type { Checkpoint } from '../../model/checkpoint.js';
import { minOf, type OrderNum } from '../../model/ids.js';
import type { Work } from '../../scheduling/scheduler.js';
import type { PrimaryState } from './primary-state.js';
import type { ReplicaState } from './replica-state.js';

/**
 * What a handler of a stream knows is in no checkpoint. So a replica that joins while streams are open starts from a
 * checkpoint that is older than all of them, the *base*, and takes every message since. One is made before a stream is
 * opened where there is none or it has grown old; every replica keeps it, and its log from there on. Backups of a passive
 * group keep that anyway.
 */

/** A base that is further behind is given up: then replicas join when no stream is open. */
export const BASE_LAG_MAX = 32_768;

/** The base, if the log still goes on from it. */
export function usableBase(r: ReplicaState): Checkpoint | undefined {
  const { checkpoint, order } = r;
  if (checkpoint === undefined) return undefined;
  if (!r.role.trusts(checkpoint)) return undefined;
  return order.entries.base <= checkpoint.orderNum ? checkpoint : undefined;
}

/** Whether a checkpoint is due before this work is begun. */
export function needsBase(p: PrimaryState, work: Work | undefined): boolean {
  const { r } = p;
  if (work?.kind !== 'call' || work.request.stream?.kind !== 'open') return false;
  if (r.openStreams > 0 || p.checkpointUnstable !== undefined) return false;
  const base = usableBase(r);
  return base === undefined || r.order.processedUpTo - base.orderNum >= r.config.checkpointEvery;
}

/** How far the log may go, for the sake of replicas that join later. */
export function keptForBase(r: ReplicaState, upTo: OrderNum): OrderNum {
  const base = usableBase(r);
  if (base === undefined) return upTo;
  // Until everything that came after it is processed, nobody knows whether there are streams.
  const mayHaveStreams = r.hadStreams || r.role.mayHaveStreams || r.order.processedUpTo < r.order.last;
  if (mayHaveStreams && r.order.last - base.orderNum <= BASE_LAG_MAX) return minOf(upTo, base.orderNum);
  r.checkpoint = undefined;
  if (r.openStreams > 0) r.log('warn', 'no replica can join while streams are open', { openStreams: r.openStreams });
  return upTo;
}
