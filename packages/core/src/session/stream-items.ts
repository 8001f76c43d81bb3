/** The items of streams on their way to the application: in order, each once, under the delivery rule. */

import type { SeqItem, StreamAsk } from '../model/frames.js';
import type { StreamItem } from '../model/stream.js';
import { ASK_AFTER_MS, mayDeliver } from './delivery.js';
import type { ClientStream } from './open-calls.js';
import type { SessionState } from './state.js';
import { creditIfDue, finish, sendWaiting, take } from './streams.js';

/** Items arrived. Each is given to the application in order and once, or held by the delivery rule. */
export function onItems(s: SessionState, items: readonly SeqItem[]): void {
  const deliverable = items.length > 0 && /* rule items-in-time */ mayDeliver(s);
  for (const { stream: id, index, item, stable } of items) {
    const stream = s.streamsById.get(id);
    if (index === 0 && item.kind === 'window') {
      if (stream !== undefined) onWindow(s, stream, item.upTo);
      continue;
    }
    if (stream === undefined || /* rule item-once */ index !== stream.received + stream.held.length + 1) continue;
    if (stream.held.length === 0 && (stable || deliverable)) give(s, stream, item);
    else {
      stream.held.push({ item, sinceMs: s.nowMs });
      s.heldStreams.add(stream);
    }
  }
}

function give(s: SessionState, stream: ClientStream, item: StreamItem): void {
  const index = ++stream.received;
  stream.asked = false;
  switch (item.kind) {
    case 'status':
      finish(s, stream, item.outcome);
      return;
    case 'window':
      // The item stands for one that interceptors withheld, and the application does not see it.
      stream.given.push({ index, bytes: 0, isHidden: true });
      take(stream, stream.taken);
      creditIfDue(s, stream);
      return;
    default: {
      const bytes = item.kind === 'message' ? item.message.length : 0;
      stream.given.push({ index, bytes, isHidden: false });
      s.effects.push({ kind: 'item', call: stream.call, item, index });
    }
  }
}

/** The handler has taken messages up to this position, so there may be room for more. */
function onWindow(s: SessionState, stream: ClientStream, upTo: number): void {
  while (stream.handled < upTo && stream.sizes.length > 0) {
    stream.unhandledBytes -= stream.sizes.shift() ?? 0;
    stream.handled++;
  }
  sendWaiting(s, stream);
}

/** Heartbeats were acknowledged: gives held items if the delivery rule allows it now. */
export function giveHeldItems(s: SessionState): void {
  if (s.heldStreams.size === 0 || !mayDeliver(s)) return;
  for (const stream of s.heldStreams) {
    const { held } = stream;
    stream.held = [];
    s.heldStreams.delete(stream);
    for (const { item } of held) give(s, stream, item);
  }
}

/** Drops held items of an older term. The new primary sends them again. */
export function dropHeldItems(s: SessionState): void {
  for (const stream of s.heldStreams) stream.held = [];
  s.heldStreams.clear();
}

/** Asks the primary once more for items that were held too long, to be sent when they are stable. */
export function askAboutHeldItems(s: SessionState): void {
  const { primary } = s;
  if (primary === undefined) return;
  for (const stream of s.heldStreams) {
    const [first] = stream.held;
    if (first === undefined || stream.asked || s.nowMs - first.sinceMs < ASK_AFTER_MS || stream.id === undefined)
      continue;
    stream.asked = true;
    stream.held = [];
    s.heldStreams.delete(stream);
    primary.asks.push({ of: stream.id, received: stream.received, awaitStable: true });
    s.wantFlush();
  }
}

/** How far this client is with its streams, so that a primary can go on from there. */
export function streamAsks(s: SessionState): StreamAsk[] {
  const asks: StreamAsk[] = [];
  for (const stream of s.streams.values()) {
    stream.asked = false;
    if (stream.id !== undefined) asks.push({ of: stream.id, received: stream.received, awaitStable: false });
  }
  return asks;
}
