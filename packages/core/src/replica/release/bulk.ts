/** Large replies leave one by one, as far as the link of their session has room. */

import type { BulkReply, ClientSession } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import { assert } from '../../model/assert.js';
import type { LinkId } from '../../model/ids.js';
import { LINK_WINDOW_BYTES } from '../../model/message.js';
import { replyBytes } from '../../model/outcome.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';

/**
 * Sends the large replies for which the link has room. The orders that they reflect are ahead of them on the link,
 * because frames of the ordinary lane are never overtaken by these.
 */
export function sendBulk(p: PrimaryState, connection: Connection): void {
  const { session } = connection;
  if (session?.link === undefined || session.bulk.length === 0) return;
  const holdsLease = p.holdsLease();
  while (/* rule session-window */ session.bulkBytes < LINK_WINDOW_BYTES) {
    const reply = session.bulk.shift();
    if (reply === undefined) return;
    // It may have waited long since it was first allowed to leave.
    const toRelease = { connection, ...reply };
    const verdict = p.release.decide(toRelease, p.order, p.r.stableUpTo, holdsLease);
    if (/* rule bulk-decided-again */ verdict === 'wait') p.waiting.push(toRelease);
    else sendAlone(p.r, session, reply, verdict === 'stable');
  }
}

function sendAlone(r: ReplicaState, session: ClientSession, reply: BulkReply, stable: boolean): void {
  const { to, orderNum, outcome } = reply;
  const { link, heartbeatMs, carriedUpTo } = session;
  if (link === undefined) return;
  assert(
    stable || orderNum <= carriedUpTo,
    () => `a reply that reflects order ${orderNum} leaves on a link that carried those up to ${carriedUpTo}`,
  );
  const bytes = replyBytes(outcome);
  session.onTheWay.push(bytes);
  session.bulkBytes += bytes;
  const header = { term: r.term, sourceOrderInfo: [], stableUpTo: r.stableUpTo, heartbeatMs };
  const replies = to.kind === 'seq' ? [{ seqNum: to.seqNum, orderNum, outcome, stable }] : [];
  const reads = to.kind === 'read' ? [{ readId: to.readId, outcome, stable }] : [];
  const frame = { kind: 'replies', header, replies, reads, items: [] } as const;
  r.effects.push({ kind: 'sendToSession', link, frame, bulk: true });
}

/** The link of a session has passed on its oldest bulk frame. */
export function onSessionSent(r: ReplicaState, link: LinkId): void {
  const session = r.connections.byLink(link)?.session;
  if (session === undefined || session.link !== link) return;
  session.bulkBytes -= session.onTheWay.shift() ?? 0;
  if (session.bulk.length > 0) r.wantFlush();
}
