import type { ClientSession } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { Stream } from '../../connection/stream.js';
import { assert } from '../../model/assert.js';
import type { SeqItem, StreamAsk } from '../../model/frames.js';
import { maxOf, type SeqNum } from '../../model/ids.js';
import { UNKNOWN_STREAM } from '../../model/outcome.js';
import type { StreamItem } from '../../model/stream.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { giveItems, offerItems } from './offer.js';

/** The items that the release rule lets go now; the rest stays offered. */
export function takeItems(p: PrimaryState, connection: Connection, session: ClientSession): SeqItem[] {
  const { r } = p;
  const taken: SeqItem[] = [];
  for (const stream of session.streams) {
    const window = newWindow(stream);
    if (window !== undefined) taken.push({ stream: stream.id, index: 0, item: window, stable: true });
    const mustBeStable = r.settings(stream.method).release === 'acknowledged';
    const upTo = releasedUpTo(p, connection, stream, mustBeStable);
    for (let index = stream.sentUpTo + 1; index <= upTo; index++) {
      const ordered = stream.items.get(index);
      assert(ordered !== undefined, () => `item ${index} of stream ${stream.id} is gone`);
      const { item, passed = item, orderNum } = ordered;
      taken.push({ stream: stream.id, index, item: passed, stable: orderNum <= r.stableUpTo });
      session.carryUpTo = maxOf(session.carryUpTo, orderNum);
    }
    stream.sentUpTo = maxOf(stream.sentUpTo, upTo);
    // It is offered again when the interceptors let more pass.
    if (upTo === stream.items.last || isHeldByInterceptors(r, stream, upTo + 1)) session.streams.delete(stream);
    else p.itemsWait = true;
  }
  return taken;
}

/** It tells nothing of the service's state, so it needs no release. */
function newWindow(stream: Stream): StreamItem | undefined {
  if (stream.handledUpTo <= stream.toldHandledUpTo || stream.over) return undefined;
  stream.toldHandledUpTo = stream.handledUpTo;
  return { kind: 'window', upTo: stream.handledUpTo };
}

function releasedUpTo(p: PrimaryState, connection: Connection, stream: Stream, mustBeStable: boolean): number {
  const { r } = p;
  const holdsLease = p.holdsLease();
  const mayLeave = (index: number): boolean => {
    const ordered = stream.items.get(index);
    if (ordered === undefined) return true;
    if (isHeldByInterceptors(r, stream, index)) return false;
    const { orderNum } = ordered;
    const stableOnly = mustBeStable || index <= stream.stableOnlyUpTo;
    const verdict = p.release.decideItem(connection, orderNum, stableOnly, p.order, r.stableUpTo, holdsLease);
    return /* rule items-released */ verdict !== 'wait';
  };
  const { last } = stream.items;
  // Orders of items never fall, so those before one that may leave may leave, too, but for what interceptors do.
  if (!r.admits && stream.sentUpTo >= stream.stableOnlyUpTo && mayLeave(last)) return last;
  for (let index = stream.sentUpTo + 1; index <= last; index++) if (!mayLeave(index)) return index - 1;
  return last;
}

const isHeldByInterceptors = (r: ReplicaState, stream: Stream, index: number): boolean =>
  r.admits && stream.items.get(index)?.passed === undefined;

/** The same for streams that came as RPCs: these have no room for a header, so everything must be stable. */
export function flushStreamCalls(p: PrimaryState): void {
  const { r } = p;
  for (const [call, stream] of p.streamCalls) {
    const window = newWindow(stream);
    if (window !== undefined) r.effects.push({ kind: 'answerItem', call, item: window });
    if (stream.sentUpTo === stream.items.last) continue;
    const connection = r.connections.open(r.plain);
    const upTo = releasedUpTo(p, connection, stream, true);
    for (let index = stream.sentUpTo + 1; index <= upTo; index++) {
      const ordered = stream.items.get(index);
      if (ordered !== undefined) r.effects.push({ kind: 'answerItem', call, item: ordered.passed ?? ordered.item });
    }
    stream.sentUpTo = upTo;
    if (upTo < stream.items.last) {
      p.itemsWait ||= !isHeldByInterceptors(r, stream, upTo + 1);
    } else if (stream.over) {
      p.streamCalls.delete(call);
      // Nobody else takes them: what is kept of it goes.
      p.scheduler.add({ kind: 'cancel', connection, stream: stream.id });
    }
  }
}

/** Where a client is with its streams, on a link that is new or after a change of primary. */
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
    const stream =
      connection.streams.get(of) ??
      (opens ? undefined : /* rule unknown-stream-ends */ unknownStream(r, connection, of, received));
    if (stream === undefined || stream.call !== undefined) continue;
    stream.resumeAfter(received);
    if (awaitStable) stream.stableOnlyUpTo = stream.items.last;
    stream.toldHandledUpTo = 0;
    if (stream.sentUpTo < stream.items.last) giveItems(p, connection, stream);
    else if (stream.handledUpTo > 0) offerItems(r, connection, stream);
  }
}

/** It was cut, with the history that its client saw: what is kept of it is that it ended so. */
function unknownStream(r: ReplicaState, connection: Connection, of: SeqNum, received: number): Stream {
  const stream = connection.openStream(of, '');
  stream.startFrom(received);
  const status = { kind: 'status', outcome: UNKNOWN_STREAM } as const;
  stream.append(r.stableUpTo, status, 0);
  stream.pass(received + 1, status);
  return stream;
}

/** A session's link is new: what its streams have is sent again, until it says how far it is. */
export function resendItems(r: ReplicaState, connection: Connection): void {
  for (const stream of connection.streams.values()) {
    if (stream.call !== undefined) continue;
    stream.sentUpTo = stream.items.base;
    stream.toldHandledUpTo = 0;
    if (stream.items.length + stream.handledUpTo > 0) r.role.windowMoved(connection, stream);
  }
}
