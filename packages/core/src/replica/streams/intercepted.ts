/**
 * Runs the user's interceptors around streams, on the primary alone.
 *
 * Every replica keeps the items as its own handler sent them. An item passes the interceptors of the present primary
 * just before it leaves, so that a backup that takes over can run its own interceptors on the items it kept. An item
 * thus reaches its client as one primary's interceptors made it, and later items perhaps as another's did.
 */

import type { Connection } from '../../connection/connection.js';
import type { CancelOrder } from '../../model/order-info.js';
import { STREAMED } from '../../model/outcome.js';
import type { EventOf } from '../state/events.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { offerItems } from './offer.js';
import { dropStream, noteNestedEnd } from './streams.js';
import { voidEntering } from './voids.js';

/** The interceptors let an item pass, possibly changed: it may be sent. */
export function onItemPassed(p: PrimaryState, event: EventOf<'itemPassed'>): void {
  const { r } = p;
  const connection = r.connections.get(event.connection);
  const stream = connection?.streams.get(event.stream);
  if (connection === undefined || stream === undefined) return;
  stream.pass(event.index, event.item);
  offerItems(r, connection, stream);
}

/**
 * Interceptors ended an open stream. The end becomes an ordered event: handlers see a cancellation, and every replica
 * knows the status to send. The client's messages that have no order yet are voided behind it, so that no caller waits
 * for them.
 */
export function onStreamEnded(p: PrimaryState, { connection: id, stream: of, outcome }: EventOf<'streamEnded'>): void {
  const { r } = p;
  const connection = r.connections.get(id);
  const stream = connection?.streams.get(of);
  if (connection === undefined || stream === undefined) return;
  const { items } = stream.history;
  const last = stream.history.ended ? items.get(items.last)?.item : undefined;
  // An earlier primary's interceptors had ended the stream with a status that its client may know already. That status
  // stays; the new interceptors withhold only the remaining items.
  const end =
    last?.kind === 'status' && last.outcome.kind === 'reply'
      ? { status: last.outcome, after: Math.min(stream.passedUpTo, items.last - 1) }
      : { status: outcome, after: Math.max(stream.passedUpTo, stream.clientHas) };
  stream.history.ended = true;
  p.scheduler.add({ kind: 'cancel', connection, stream: of, end });
  voidEntering(p, connection, stream, STREAMED);
}

/** The cancellation of a stream was processed: its client is gone, or gets the status that interceptors chose. */
export function streamCancelled(r: ReplicaState, connection: Connection, info: CancelOrder): void {
  const { stream: of, orderNum, end } = info;
  const stream = connection.streams.get(of);
  if (end === undefined || stream === undefined) {
    dropStream(r, connection, of);
    return;
  }
  if (stream.history.opened && !stream.history.over) r.openStreams--;
  stream.endAfter(end.after, orderNum, end.status);
  noteNestedEnd(r, connection, stream, end.status);
  r.role.windowMoved(connection, stream);
}

/**
 * A new primary shows its interceptors only items that clients lack, so it first waits until the clients say which
 * items they have.
 */
export function awaitAsks(p: PrimaryState): void {
  const { r } = p;
  if (!r.admits) return;
  for (const { streams } of r.connections.values())
    for (const stream of streams.values()) stream.passage.awaitsAsk = true;
}
