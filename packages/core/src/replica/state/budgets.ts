/** What a replica keeps for a client is bounded in bytes: at a budget the client is refused, and others are served. */

import { addressOf } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { type Outcome, ownReply, type Reply } from '../../model/outcome.js';
import type { ReplicaState } from './replica-state.js';

/** A client that keeps sending what is refused is left with this multiple of its budget. Then its link is ended. */
const HANG_UP_FACTOR = 2;
/** What was let in under the budget may take this multiple of it by the time it has a reply. */
export const REPLIES_FACTOR = 1.5;

/**
 * Whether nothing more may be kept for a client.
 *
 * @returns the sentence that tells the client so, with the budget's name; undefined if there is room
 */
export function overBudget(r: ReplicaState, connection: Connection, factor = 1): string | undefined {
  const { sessionBytes, totalBytes } = r.config.budgets;
  const { bytes } = connection.usage;
  const all = r.connections.usage.bytes;
  // All plain clients share one connection.
  if (connection.kind !== 'session')
    return bytes > totalBytes / 2 ? said('totalBytes', 'calls without a session') : undefined;
  if (bytes > factor * sessionBytes) return said('sessionBytes', 'this session');
  if (all <= totalBytes / 2 || bytes <= factor * sureBytes(r)) return undefined;
  if (all > totalBytes) return said('totalBytes', 'all sessions');
  if (r.usageOf(addressOf(peerOf(connection))) > totalBytes / 2)
    return said('totalBytes', 'the sessions of this address');
  return undefined;
}

/** A client for which no more than this is kept is served whatever the others do. */
const sureBytes = (r: ReplicaState): number => r.config.budgets.totalBytes / (4 * r.config.sessionsMax);

/** Whether the replica keeps much in all, and some of it for a client that is gone, so that it is freed earlier. */
export const isPressed = (r: ReplicaState, { usage }: Connection): boolean =>
  r.connections.usage.bytes > r.config.budgets.totalBytes / 2 && usage.bytes > sureBytes(r);

/** Whether so much is kept for a client that its link is ended. */
export const isFarOver = (r: ReplicaState, connection: Connection): boolean =>
  connection.usage.bytes > HANG_UP_FACTOR * r.config.budgets.sessionBytes;

const said = (budget: string, whose: string): string =>
  `budgets.${budget} is used up by ${whose}; acknowledge replies, take stream items and send less at a time`;

export const refusal = (reason: string): Reply => ownReply('UNDERSTUDY_OVERLOADED', `${reason}; nothing was done`);

const peerOf = ({ session, peer }: Connection): string => session?.peer ?? peer ?? '';

/** @returns the outcome of a call whose turn has come while too many replies of its client wait to be acknowledged */
export function refusedAtTurn(r: ReplicaState, connection: Connection, request: Request): Outcome | undefined {
  if (request.stream !== undefined) return undefined;
  const reason = overBudget(r, connection, REPLIES_FACTOR);
  return reason === undefined ? undefined : refusal(reason);
}

/** Frees the oldest replies of a client that lets more wait than twice its budget. */
export function boundReplies(r: ReplicaState, connection: Connection, newest: SeqNum): void {
  if (isFarOver(r, connection)) connection.freeReplies(HANG_UP_FACTOR * r.config.budgets.sessionBytes, newest);
}
