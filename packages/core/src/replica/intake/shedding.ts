/**
 * Calls without a session at the bound of the queue. Where the criterion ranks calls, the one whose turn would come last is
 * refused, be it the newcomer or one that waits. Sessions are paused at the bound, so nothing of theirs is refused.
 */

import type { CallId } from '../../model/ids.js';
import { VOIDED } from '../../model/outcome.js';
import { isSheddable, type WaitingCall } from '../../scheduling/scheduler.js';
import type { EventOf } from '../state/events.js';
import type { PrimaryState } from '../state/primary-state.js';

export const QUEUE_FULL = 'as many requests as queueMax allows wait to be ordered; nothing was done';
const SHED = 'as many requests as queueMax allows wait to be ordered, and others go before this one; nothing was done';

/** How much waits, as far as calls without a session are concerned: all of these count, and of each session 4,096. */
function waiting({ r, scheduler }: PrimaryState): number {
  const plain = scheduler.countOf(r.connections.open(r.plain)) + scheduler.countOf(undefined);
  return Math.max(scheduler.load, plain);
}

/** Whether a call without a session is taken in. At the bound, one that waits must have its turn behind it. */
export function hasRoom(p: PrimaryState, { call, peer, readOnly, request }: EventOf<'plainCall'>): boolean {
  const { r, scheduler } = p;
  if (waiting(p) < r.config.queueMax) return true;
  // Calls that were refused leave voids, which wait for places in the order as well.
  if (scheduler.outranks === undefined || p.replies.size >= r.config.queueMax) return false;
  const connection = readOnly ? undefined : r.connections.open(r.plain);
  // It has no message yet, so the criterion sees it as one that needs none.
  const none = { readId: 0, admission: undefined, mustBeStable: true };
  const newcomer: WaitingCall = { kind: 'read', connection, call, request, peer, ...none };
  return request.stream === undefined && request.nested === undefined && scheduler.outranks(newcomer);
}

/** A call was put into the queue: if there was no room left, the one whose turn would come last is refused. */
export function shedBeyond(p: PrimaryState, added: WaitingCall): void {
  const { r, scheduler } = p;
  if (!isSheddable(added) || waiting(p) <= r.config.queueMax) return;
  const work = scheduler.shed?.(added);
  if (work === undefined) return;
  if (work.admission !== undefined) r.effects.push({ kind: 'dropAdmission', admission: work.admission });
  if (work.kind === 'read') {
    if (work.call !== undefined) refuse(p, work.call);
    return;
  }
  const { connection, message, request } = work;
  if (request.key !== undefined) p.keyedRunning.delete(request.key);
  for (const call of message.takeWaiters() ?? []) refuse(p, call);
  message.become('voiding');
  message.request = undefined;
  p.replies.add({ kind: 'void', connection, message, outcome: VOIDED });
}

function refuse({ r }: PrimaryState, call: CallId): void {
  r.effects.push({ kind: 'failCall', call, code: 'UNDERSTUDY_OVERLOADED', reason: SHED });
}
