/** Calls whose callers will have given up before their turn comes are refused, so that the others are answered in time. */

import type { Connection } from '../../connection/connection.js';
import type { Request } from '../../model/message.js';
import { ownReply, type Reply } from '../../model/outcome.js';
import type { Patience, Work } from '../../scheduling/scheduler.js';
import type { PrimaryState } from '../state/primary-state.js';

/** A call with fewer messages ahead of it is never refused, because the pace of so few says little. */
const AHEAD_MIN = 64;
/**
 * The part of the time to its deadline that a call may spend waiting for its turn; the handler and the reply need the
 * rest.
 */
const WAIT_MAX = 0.8;

const ANY_TIME = {};

const LATE: Reply = ownReply(
  'UNDERSTUDY_OVERLOADED',
  'the deadline of the call passed while it waited for its turn; nothing was done',
);
export const TOO_LATE: Reply = ownReply(
  'UNDERSTUDY_OVERLOADED',
  'so many calls wait that the deadline of this one would pass before its turn; nothing was done',
);

/**
 * The time, by this replica's monotonic clock, at which the caller's deadline passes. Undefined if it is unknown, or if
 * it seems to have passed already: the clocks of client and replica then differ too much to judge by.
 */
function lateAtMs({ r }: PrimaryState, connection: Connection | undefined, request: Request): number | undefined {
  const { deadlineMs, stream, nested, reply } = request;
  if (deadlineMs === undefined || stream !== undefined || nested !== undefined || reply !== undefined) return undefined;
  // A call without a session gives its deadline by this process's own clock.
  const aheadMs = connection?.kind === 'session' ? connection.session?.clockAheadMs : 0;
  if (aheadMs === undefined) return undefined;
  const leftMs = deadlineMs + aheadMs - r.clocks.wallMs();
  return leftMs > 0 ? r.nowMs + leftMs : undefined;
}

/** The part of a piece of work that says how long it may wait. */
export function patienceOf(
  p: PrimaryState,
  connection: Connection | undefined,
  request: Request,
): { readonly patience?: Patience } {
  const atMs = lateAtMs(p, connection, request);
  if (atMs === undefined) return ANY_TIME;
  const { nowMs } = p.r;
  return { patience: { turnByMs: nowMs + WAIT_MAX * (atMs - nowMs), lateAtMs: atMs } };
}

/**
 * The reply to a call whose turn has come after its caller's deadline, or so shortly before that it would be answered in
 * vain while many others still have time; undefined if it has its turn in time.
 */
export function lateReply(
  { r, scheduler }: PrimaryState,
  { patience }: Extract<Work, { kind: 'call' | 'read' }>,
): Reply | undefined {
  if (patience === undefined) return undefined;
  if (r.nowMs > patience.lateAtMs) return LATE;
  const areMany = scheduler.size >= AHEAD_MIN;
  return areMany && r.nowMs > patience.turnByMs ? TOO_LATE : undefined;
}

/** Whether the turn of a new call would come too late for its caller. */
export function wouldBeLate(p: PrimaryState, connection: Connection | undefined, request: Request): boolean {
  const ahead = p.scheduler.ahead?.(connection) ?? 0;
  if (ahead < AHEAD_MIN) return false;
  const atMs = lateAtMs(p, connection, request);
  return atMs !== undefined && p.pace.waitMs(ahead) > WAIT_MAX * (atMs - p.r.nowMs);
}
