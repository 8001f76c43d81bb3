/**
 * Bounds the *backlog* of a passive group: the messages since the last copy of the state, which a successor replays.
 *
 * No copy can be made while streams are open. Where some stream is always open, the backlog and with it every log would
 * grow without bound. So from half its bound on, new streams wait now and then, for as long as open ones need to end;
 * at the bound, the streams that are still open are ended.
 */

import type { OrderNum } from '../../model/ids.js';
import { bodyBytes } from '../../model/message.js';
import { type Reply, STREAMED } from '../../model/outcome.js';
import { ENDED_FOR_COPY } from '../../model/stream.js';
import { schedule } from '../intake/schedule.js';
import type { PrimaryState } from '../state/primary-state.js';
import { voidEntering } from '../streams/voids.js';
import { endWaits } from '../waiting/given-up.js';

/**
 * `backlogMax` bounds the number of messages in a backlog. Their bytes are bounded as if each message had this many.
 */
export const BACKLOG_BYTES_EACH = 1024;
/** How long new streams wait for open ones to end, in milliseconds. */
export const DRAIN_MS = 250;

/** Called at every tick of a primary. */
export function boundBacklog(p: PrimaryState): void {
  const { r } = p;
  // While the state is being copied nothing is ordered, so the backlog cannot grow.
  if (r.stateBusy !== undefined) return;
  if (!p.givesCopies) {
    // The last backup that followed by copy now executes, so waiting streams may be opened.
    p.backlogFull = false;
    if (r.steppingDown === undefined && p.drainUntilMs !== Number.NEGATIVE_INFINITY) openAgain(p);
    return;
  }
  const fill = Math.max(
    (r.order.processedUpTo - p.copiedUpTo) / r.config.backlogMax,
    p.backlogBytes / (r.config.backlogMax * BACKLOG_BYTES_EACH),
  );
  p.backlogFull = fill >= 1;
  if (fill >= 0.5) p.checkpointWanted = true;
  if (!p.checkpointWanted) openAgain(p);
  else if (r.openStreams === 0) return;
  else if (fill >= 1) {
    p.drainUntilMs = Number.POSITIVE_INFINITY;
    /* rule end-at-backlog-bound */ endStreams(p);
    /* rule waits-end-at-backlog */ endWaits(p);
  } else if (fill >= 0.5 && p.drainedAt !== p.checkpointDueAt) {
    p.drainedAt = p.checkpointDueAt;
    p.drainUntilMs = r.nowMs + DRAIN_MS;
  } else if (!p.isDraining) openAgain(p);
}

function openAgain(p: PrimaryState): void {
  p.drainUntilMs = Number.NEGATIVE_INFINITY;
  const aside = [...p.setAside];
  p.setAside.clear();
  for (const [stream, { connection, peer }] of aside) {
    const opening = connection.message(stream.id);
    opening.become('received');
    schedule(p, connection, opening, peer);
    // If interceptors must see the opening first, the cancellation follows their answer.
    if (stream.passage.gone && stream.passage.admitted)
      p.scheduler.add({ kind: 'cancel', connection, stream: stream.id });
  }
}

/** Ends all streams in the order, so that the state can be copied. */
export function endStreams(p: PrimaryState, status: Reply = ENDED_FOR_COPY): void {
  const { r } = p;
  let ended = 0;
  for (const connection of r.connections.values()) {
    for (const stream of connection.streams.values()) {
      if (!stream.history.opened || stream.history.over || stream.history.ended) continue;
      stream.history.ended = true;
      ended++;
      const end = { status, after: undefined };
      p.scheduler.add({ kind: 'cancel', connection, stream: stream.id, end });
      voidEntering(p, connection, stream, STREAMED);
    }
  }
  if (ended > 0) r.log('warn', 'streams are ended so that the state can be copied', { streams: ended });
}

/** The state was copied as of `upTo`: a successor replays only later messages. */
export function backlogCopied(p: PrimaryState, upTo: OrderNum): void {
  const { r } = p;
  p.copiedUpTo = upTo;
  p.backlogBytes = 0;
  p.backlogFull = false;
  for (const { message } of r.order.entries.slice(upTo, r.order.last)) {
    if (message?.request !== undefined) p.backlogBytes += bodyBytes(message.request);
  }
}
