/** Refuses what arrives at the primary from clients that are over a budget. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import { isLarge, type Request } from '../../model/message.js';
import { ownReply, STREAMED } from '../../model/outcome.js';
import { overBudget, REPLIES_FACTOR, refusal } from '../state/budgets.js';
import type { PrimaryState } from '../state/primary-state.js';
import { voidEntering, voidMessage } from '../streams/voids.js';

/**
 * A new message reached the primary although its client is over a budget: it becomes a void in the order, and the reply
 * says why. Messages that free something, such as credits, are let in.
 *
 * @returns whether it was refused
 */
export function refusedOverBudget(
  p: PrimaryState,
  connection: Connection,
  message: Message,
  request: Request,
): boolean {
  const part = request.stream;
  if (part !== undefined && part.kind !== 'open' && part.kind !== 'message') return false;
  // Large requests and replies may use up the budget; small calls beside them go on.
  const reason = overBudget(p.r, connection, { factor: part === undefined && !isLarge(request) ? REPLIES_FACTOR : 1 });
  if (reason === undefined) return false;
  if (part?.kind === 'message') {
    const stream = connection.streams.get(part.of);
    // The interceptors have not let the stream pass yet, so it cannot be ended in the order.
    if (stream?.passage.admitted === false) return false;
    if (stream !== undefined) endOverBudget(p, connection, stream, reason);
    voidMessage(p, connection, message, STREAMED);
  } else voidMessage(p, connection, message, refusal(reason));
  return true;
}

/** Ends a stream whose client takes too few of its items, or sends too much. */
export function endOverBudget(p: PrimaryState, connection: Connection, stream: Stream, reason: string): void {
  const { history, passage } = stream;
  if (history.ended || history.over || !passage.admitted) return;
  history.ended = true;
  const status = ownReply('UNDERSTUDY_OVERLOADED', reason);
  p.scheduler.add({ kind: 'cancel', connection, stream: stream.id, end: { status, after: undefined } });
  voidEntering(p, connection, stream, STREAMED);
}

/** An open stream has a new item that its client may never take. */
export function boundItems(p: PrimaryState, connection: Connection, stream: Stream): void {
  const reason = overBudget(p.r, connection, { factor: REPLIES_FACTOR, share: stream.history.usage });
  if (reason !== undefined) endOverBudget(p, connection, stream, reason);
}
