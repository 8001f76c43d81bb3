/**
 * Bounds, in bytes, what a replica keeps for a client: at a budget the replica refuses the client and serves the
 * others.
 */

import { addressOf } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Usage } from '../../connection/usage.js';
import type { SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { type Outcome, ownReply, type Reply } from '../../model/outcome.js';
import type { ReplicaState } from './replica-state.js';

/** A client that keeps sending although it is refused may reach this multiple of its budget. Then its link is ended. */
const HANG_UP_FACTOR = 2;
/** Requests that were let in under the budget may reach this multiple of it by the time they have replies. */
export const REPLIES_FACTOR = 1.5;

/** What is asked of a budget. */
export interface BudgetQuestion {
  /** The client may have this multiple of its budget. Default 1. */
  readonly factor?: number;
  /** What would be kept besides, and is in no sum yet. Default: nothing. */
  readonly more?: number;
  /** What is kept for the plain client that asks, since all of them share one connection. */
  readonly share?: Usage | undefined;
}

/**
 * Whether nothing more may be kept for a client.
 *
 * @returns the sentence that tells the client so, with the budget's name; undefined if there is room
 */
export function overBudget(
  r: ReplicaState,
  connection: Connection,
  { factor = 1, more = 0, share }: BudgetQuestion = {},
): string | undefined {
  if (connection.kind !== 'session') return overShared(r, connection, factor, share);
  const { sessionBytes, totalBytes } = r.config.budgets;
  const { bytes } = connection.usage;
  const all = r.connections.usage.bytes + more;
  if (bytes > factor * sessionBytes) return said('sessionBytes', 'this session');
  if (all <= totalBytes / 2 || bytes + more <= factor * sureBytes(r)) return undefined;
  if (all > totalBytes) return said('totalBytes', 'all sessions');
  if (r.usageOf(addressOf(peerOf(connection))) > totalBytes / 2)
    return said('totalBytes', 'the sessions of this address');
  return undefined;
}

/** A connection that its clients share: that of all plain clients, or that of the replies to calls of handlers. */
function overShared(
  r: ReplicaState,
  { kind, usage }: Connection,
  factor: number,
  share: Usage | undefined,
): string | undefined {
  const { totalBytes } = r.config.budgets;
  if (usage.bytes > totalBytes / 2) return said('totalBytes', 'calls without a session');
  // Handlers wait for the replies to their calls, whatever clients have kept.
  if (kind !== 'plain') return undefined;
  if (share !== undefined && share.bytes > (factor * totalBytes) / 4)
    return said('totalBytes', 'calls without a session of this address');
  if (r.connections.usage.bytes > totalBytes && usage.bytes > sureBytes(r)) return said('totalBytes', 'all clients');
  return undefined;
}

/** A client for which no more than this is kept is served whatever the others do. */
const sureBytes = (r: ReplicaState): number => r.config.budgets.totalBytes / (4 * r.config.sessionsMax);

/**
 * Whether the replica keeps much in all and enough of it for a client that is gone to free that client's records early.
 */
export const isPressed = (r: ReplicaState, { usage }: Connection): boolean =>
  r.connections.usage.bytes > r.config.budgets.totalBytes / 2 && usage.bytes > sureBytes(r);

/** Whether a client has so many bytes kept that its link is ended. */
export const isFarOver = (r: ReplicaState, connection: Connection): boolean =>
  connection.usage.bytes > HANG_UP_FACTOR * r.config.budgets.sessionBytes;

const said = (budget: string, whose: string): string =>
  `budgets.${budget} is used up by ${whose}; acknowledge replies, take stream items and send less at a time`;

export const refusal = (reason: string): Reply => ownReply('UNDERSTUDY_OVERLOADED', `${reason}; nothing was done`);

const peerOf = ({ session, peer }: Connection): string => session?.peer ?? peer ?? '';

/**
 * @param replyBytes how large the reply will be, if the method is known to give large ones
 * @returns the outcome of a call whose turn has come while too many replies of its client wait to be acknowledged
 */
export function refusedAtTurn(
  r: ReplicaState,
  connection: Connection,
  { usage }: Message,
  request: Request,
  replyBytes: number,
): Outcome | undefined {
  if (request.stream !== undefined) return undefined;
  const reason = overBudget(r, connection, { factor: REPLIES_FACTOR, more: replyBytes, share: usage });
  return reason === undefined ? undefined : refusal(reason);
}

/** Frees the oldest replies of a client that leaves more than twice its budget unacknowledged. */
export function boundReplies(r: ReplicaState, connection: Connection, newest: SeqNum): void {
  if (isFarOver(r, connection)) connection.freeReplies(HANG_UP_FACTOR * r.config.budgets.sessionBytes, newest);
}
