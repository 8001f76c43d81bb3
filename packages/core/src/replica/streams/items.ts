/** Sends the items of streams to their clients as far as the release rule allows, and again after a link broke. */

import type { ClientSession } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import { Stream } from '../../connection/stream.js';
import { assert } from '../../model/assert.js';
import type { SeqItem, StreamAsk } from '../../model/frames.js';
import { maxOf, type OrderNum, type SeqNum } from '../../model/ids.js';
import { UNKNOWN_STREAM } from '../../model/outcome.js';
import type { StreamItem } from '../../model/stream.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { giveItems, offerItems } from './offer.js';

/** Takes the items that may leave now. The others stay offered. */
export function takeItems(p: PrimaryState, connection: Connection, session: ClientSession): SeqItem[] {
  const { r } = p;
  const taken: SeqItem[] = [];
  for (const stream of session.streams) {
    const window = newWindow(stream);
    if (window !== undefined) taken.push({ stream: stream.id, index: 0, item: window, stable: true });
    const mustBeStable =
      r.settings(stream.method).release === 'acknowledged' ||
      /* rule nested-items-when-stable */ stream.history.caller !== undefined;
    const upTo = releasedUpTo(p, connection, stream, mustBeStable);
    for (let index = stream.delivery.sentUpTo + 1; index <= upTo; index++) {
      const ordered = stream.history.items.get(index);
      assert(ordered !== undefined, () => `item ${index} of stream ${stream.id} is gone`);
      const { item, orderNum } = ordered;
      taken.push({
        stream: stream.id,
        index,
        item: stream.passage.passed(index) ?? item,
        stable: orderNum <= r.stableUpTo,
      });
      session.carryUpTo = maxOf(session.carryUpTo, orderNum);
    }
    stream.delivery.sentUpTo = maxOf(stream.delivery.sentUpTo, upTo);
    // A stream whose next item is with the interceptors is offered again when they let it pass.
    if (upTo === stream.history.items.last || isHeldByInterceptors(r, stream, upTo + 1)) session.streams.delete(stream);
    else p.itemsWait = true;
  }
  return taken;
}

/**
 * The new window for the client, if the handler took messages. It reveals nothing of the service's state, so it needs
 * no release.
 */
function newWindow(stream: Stream): StreamItem | undefined {
  if (stream.history.handledUpTo <= stream.delivery.toldHandledUpTo || stream.history.over) return undefined;
  stream.delivery.toldHandledUpTo = stream.history.handledUpTo;
  return { kind: 'window', upTo: stream.history.handledUpTo };
}

function releasedUpTo(p: PrimaryState, connection: Connection, stream: Stream, mustBeStable: boolean): number {
  const { r } = p;
  const holdsLease = p.holdsLease();
  const mayLeave = (index: number): boolean => {
    const ordered = stream.history.items.get(index);
    if (ordered === undefined) return true;
    if (isHeldByInterceptors(r, stream, index)) return false;
    const { orderNum } = ordered;
    if (/* rule item-shows-complete */ showsSuspect(p, orderNum)) return false;
    const stableOnly = mustBeStable || index <= stream.delivery.stableOnlyUpTo;
    const verdict = p.release.decideItem(connection, orderNum, stableOnly, p.order, r.stableUpTo, holdsLease);
    return /* rule items-released */ verdict !== 'wait';
  };
  const { last } = stream.history.items;
  // The orders of a stream's items never decrease. So if the last item may leave, all may, unless interceptors hold one
  // back.
  if (!r.admits && stream.delivery.sentUpTo >= stream.delivery.stableOnlyUpTo && mayLeave(last)) return last;
  for (let index = stream.delivery.sentUpTo + 1; index <= last; index++) if (!mayLeave(index)) return index - 1;
  return last;
}

/**
 * Whether the item may show the effect of a message that was started with care and that a successor would not know to
 * be complete. A message of one client may send items to the streams of others, and no session can tell which order
 * such an item reflects.
 */
function showsSuspect({ r, stability }: PrimaryState, orderNum: OrderNum): boolean {
  const { carefulAt } = r.deaths;
  return carefulAt <= orderNum && carefulAt > stability.toldUpTo;
}

const isHeldByInterceptors = (r: ReplicaState, stream: Stream, index: number): boolean =>
  r.admits && stream.passage.passed(index) === undefined;

/** Sends items to streams that came as RPCs. An RPC has no room for a header, so every item must be stable. */
export function flushStreamCalls(p: PrimaryState): void {
  const { r } = p;
  for (const [call, stream] of p.streamCalls) {
    const window = newWindow(stream);
    if (window !== undefined) r.effects.push({ kind: 'answerItem', call, item: window });
    if (stream.delivery.sentUpTo === stream.history.items.last) continue;
    const connection = r.connections.open(r.plain);
    const upTo = releasedUpTo(p, connection, stream, true);
    for (let index = stream.delivery.sentUpTo + 1; index <= upTo; index++) {
      const ordered = stream.history.items.get(index);
      if (ordered !== undefined)
        r.effects.push({ kind: 'answerItem', call, item: stream.passage.passed(index) ?? ordered.item });
    }
    stream.delivery.sentUpTo = upTo;
    if (upTo < stream.history.items.last) {
      p.itemsWait ||= !isHeldByInterceptors(r, stream, upTo + 1);
    } else if (stream.history.over) {
      p.streamCalls.delete(call);
      // No client will ask for the items again, so the stream is cancelled, in order, to free what replicas keep of it.
      p.scheduler.add({ kind: 'cancel', connection, stream: stream.id });
    }
  }
}

/**
 * A client says how far it is with its streams, on a new link or after a change of primary, and gets the items that it
 * lacks.
 */
export function onAsked(
  p: PrimaryState,
  connection: Connection,
  asks: readonly StreamAsk[],
  outstanding: readonly SeqNum[] = [],
): void {
  const { r } = p;
  for (const { of, received, awaitStable } of asks) {
    const opening = connection.messages.get(of);
    const opens = opening?.isUnordered || opening?.isQueued || outstanding.includes(of);
    const stream = connection.streams.get(of);
    if (stream === undefined) {
      if (/* rule unknown-stream-ends */ !opens) endUnknown(r, connection, of, received);
      continue;
    }
    if (stream.delivery.call !== undefined) continue;
    stream.resumeAfter(received);
    if (awaitStable) stream.delivery.stableOnlyUpTo = stream.history.items.last;
    stream.delivery.toldHandledUpTo = 0;
    if (stream.delivery.sentUpTo < stream.history.items.last) giveItems(p, connection, stream);
    else if (stream.history.handledUpTo > 0) offerItems(r, connection, stream);
  }
}

/**
 * Tells a client with a status that the order which opened its stream was cut, although it saw items of that stream.
 * Nothing is kept for this, because a client that does not get the status asks again on its next link. The opening
 * counts as received from here on, because a stream whose end was told must not be opened.
 */
function endUnknown(r: ReplicaState, connection: Connection, of: SeqNum, received: number): void {
  if (!connection.withinWindow(of)) return;
  connection.markReceived(of);
  const stream = new Stream(of, '');
  stream.startFrom(received);
  const status = { kind: 'status', outcome: UNKNOWN_STREAM } as const;
  stream.append(r.stableUpTo, status, 0);
  stream.pass(received + 1, status);
  offerItems(r, connection, stream);
}

/** A session has a new link: the kept items of its streams are sent again, until the session says how far it is. */
export function resendItems(r: ReplicaState, connection: Connection): void {
  for (const stream of connection.streams.values()) {
    if (stream.delivery.call !== undefined) continue;
    stream.delivery.sentUpTo = stream.history.items.base;
    stream.delivery.toldHandledUpTo = 0;
    if (stream.history.items.length + stream.history.handledUpTo > 0) r.role.windowMoved(connection, stream);
  }
}
