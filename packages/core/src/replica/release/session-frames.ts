/** Frames from a replica to sessions, whatever its role. */

import type { ClientSession } from '../../connection/client-session.js';
import type { ReadReply, SeqItem, SeqReply } from '../../model/frames.js';
import { NO_ORDER, type OrderNum } from '../../model/ids.js';
import type { SealedOrders } from '../../model/sealed.js';
import type { ReplicaState } from '../state/replica-state.js';

const NO_REPLIES: readonly SeqReply[] = [];
const NO_READS: readonly ReadReply[] = [];
const NO_ITEMS: readonly SeqItem[] = [];

/**
 * Ends the turn of a replica that gives no replies: sessions get echoes of their heartbeats, the view if it changed,
 * and refusals of reads.
 */
export function echoHeartbeats(r: ReplicaState): void {
  for (const { session } of r.connections.values()) {
    if (session?.link === undefined) continue;
    if (echoDue(r, session) || !session.viewSent || session.reads.length > 0)
      sendReplies(r, session, [], NO_ITEMS, NO_ORDER);
  }
}

/** Whether a session has waited long enough for an echo of its newest heartbeat. */
export const echoDue = (r: ReplicaState, session: ClientSession): boolean =>
  session.heartbeatMs > session.echoedMs && r.nowMs - session.echoedAtMs > r.config.sessionMs / 6;

/** Sends one frame with everything that was gathered for a session. */
export function sendReplies(
  r: ReplicaState,
  session: ClientSession,
  sourceOrderInfo: readonly SealedOrders[],
  items: readonly SeqItem[],
  stableUpTo: OrderNum,
): void {
  const { link, heartbeatMs, viewSent } = session;
  if (link === undefined) return;
  // This frame may still be on its way when more is gathered, so the next replies go into new lists.
  const replies = session.replies.length > 0 ? session.replies : NO_REPLIES;
  const reads = session.reads.length > 0 ? session.reads : NO_READS;
  const header = { term: r.term, sourceOrderInfo, stableUpTo, heartbeatMs };
  r.effects.push({
    kind: 'sendToSession',
    link,
    frame: { kind: 'replies', header: viewSent ? header : { ...header, view: r.view }, replies, reads, items },
  });
  if (replies !== NO_REPLIES) session.replies = [];
  if (reads !== NO_READS) session.reads = [];
  session.viewSent = true;
  session.echoedMs = heartbeatMs;
  session.echoedAtMs = r.nowMs;
  session.stableSent = stableUpTo;
}
