/**
 * Calls whose callers no longer wait although their handlers still do. The handler is told by an order of its own, so
 * that it is cancelled at the same place on every replica.
 */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { ENDED_FOR_COPY } from '../../model/stream.js';
import { waitsForOthers } from '../state/base.js';
import type { PrimaryState } from '../state/primary-state.js';

/** The caller of a message is gone for good, or its deadline has passed. */
export function giveUp(p: PrimaryState, connection: Connection, message: Message): void {
  const { request } = message;
  if (message.givenUp || request === undefined || !waitsForOthers(p.r, request)) return;
  message.givenUp = true;
  if (message.stage === 'waiting') p.scheduler.add({ kind: 'cancel', connection, stream: message.seqNum });
}

/**
 * Cancels calls of plain clients that waited at a predecessor, because their RPCs ended with it. A call that a retry
 * joined, by idempotency key or by another group, goes on.
 */
export function cancelForeignWaits(p: PrimaryState): void {
  const { r } = p;
  for (const message of r.unfinished.values()) {
    const connection = r.connections.get(message.connection);
    if (connection?.kind !== 'plain' || connection.id === r.plain) continue;
    if (message.request?.key === undefined && message.request?.nested === undefined) giveUp(p, connection, message);
  }
}

/**
 * Cancels calls whose deadline has passed and whose callers do not cancel them. A client with a link cancels by its own
 * clock.
 */
export function cancelExpired(p: PrimaryState): void {
  const { r } = p;
  if (r.openWaits === 0) return;
  const wallMs = r.clocks.wallMs();
  for (const message of r.unfinished.values()) {
    const { deadlineMs } = message.request ?? {};
    if (deadlineMs === undefined || wallMs < deadlineMs) continue;
    const connection = r.connections.get(message.connection);
    if (connection === undefined || connection.session?.link !== undefined) continue;
    giveUp(p, connection, message);
  }
}

/** In a passive group whose backlog is full: ends calls that wait for others, so that the state can be copied. */
export function endWaits(p: PrimaryState): void {
  const { r } = p;
  let ended = 0;
  for (const message of r.unfinished.values()) {
    const connection = r.connections.get(message.connection);
    const { request, seqNum } = message;
    if (message.ended || connection === undefined || request === undefined || !waitsForOthers(r, request)) continue;
    message.ended = true;
    ended++;
    p.scheduler.add({ kind: 'cancel', connection, stream: seqNum, end: { status: ENDED_FOR_COPY, after: 0 } });
  }
  if (ended > 0)
    r.log('warn', 'calls that wait for others are ended so that the state can be copied', { calls: ended });
}
