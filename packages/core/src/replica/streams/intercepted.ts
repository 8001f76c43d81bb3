import type { Connection } from '../../connection/connection.js';
import type { CancelOrder } from '../../model/order-info.js';
import { STREAMED } from '../../model/outcome.js';
import type { EventOf } from '../state/events.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { offerItems } from './offer.js';
import { dropStream } from './streams.js';
import { voidEntering } from './voids.js';

/*
 * The user's interceptors run around a stream on the primary, and nowhere else: every replica keeps what its own handler
 * sent. It passes the interceptors of whoever is primary just before it leaves, because a backup that takes over must run
 * its interceptors on what it kept. So an item reaches the client as one primary's interceptors made it, and later ones
 * perhaps as another's did.
 */

export function onItemPassed(p: PrimaryState, event: EventOf<'itemPassed'>): void {
  const { r } = p;
  const connection = r.connections.get(event.connection);
  const stream = connection?.streams.get(event.stream);
  if (connection === undefined || stream === undefined) return;
  stream.pass(event.index, event.item);
  offerItems(r, connection, stream);
}

/**
 * Interceptors ended a stream in the middle. It is an ordered event: handlers hear of a cancellation, and every replica
 * has the status to give. What the client sent and has no order yet is voided behind it, so that nobody waits for it.
 */
export function onStreamEnded(p: PrimaryState, { connection: id, stream: of, outcome }: EventOf<'streamEnded'>): void {
  const { r } = p;
  const connection = r.connections.get(id);
  const stream = connection?.streams.get(of);
  if (connection === undefined || stream === undefined) return;
  const { items } = stream.history;
  const last = stream.history.ended ? items.get(items.last)?.item : undefined;
  // Those of an earlier primary had ended it, with a status that its client may know; these keep back what is left.
  const end =
    last?.kind === 'status' && last.outcome.kind === 'reply'
      ? { status: last.outcome, after: Math.min(stream.passedUpTo, items.last - 1) }
      : { status: outcome, after: Math.max(stream.passedUpTo, stream.clientHas) };
  stream.history.ended = true;
  p.scheduler.add({ kind: 'cancel', connection, stream: of, end });
  voidEntering(p, connection, stream, STREAMED);
}

/** A stream was cancelled, in order: its client is gone, or is told what the interceptors had to say. */
export function streamCancelled(r: ReplicaState, connection: Connection, info: CancelOrder): void {
  const { stream: of, orderNum, end } = info;
  const stream = connection.streams.get(of);
  if (end === undefined || stream === undefined) {
    dropStream(r, connection, of);
    return;
  }
  if (stream.history.opened && !stream.history.over) r.openStreams--;
  stream.endAfter(end.after, orderNum, end.status);
  r.role.windowMoved(connection, stream);
}

/** A new primary's interceptors see what its predecessor's clients lack, once these say what that is. */
export function awaitAsks(p: PrimaryState): void {
  const { r } = p;
  if (!r.admits) return;
  for (const { streams } of r.connections.values())
    for (const stream of streams.values()) stream.passage.awaitsAsk = true;
}

/** A checkpoint keeps of ended streams what their clients are sent. */
export function allPassed(p: PrimaryState): boolean {
  const { r } = p;
  if (!r.admits) return true;
  for (const connection of r.connections.values()) {
    for (const stream of connection.streams.values()) if (stream.passedUpTo < stream.history.items.last) return false;
  }
  return true;
}
