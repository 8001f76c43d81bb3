/** Large replies leave one by one, as far as the link of their session has room. */

import type { BulkReply, ClientSession } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import { assert } from '../../model/assert.js';
import type { LinkId } from '../../model/ids.js';
import { LARGE_BYTES, LINK_WINDOW_BYTES, type Request } from '../../model/message.js';
import { type Outcome, replyBytes } from '../../model/outcome.js';
import type { Work } from '../../scheduling/scheduler.js';
import { overBudget, refusal } from '../state/budgets.js';
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
  while (session.bulkBytes < LINK_WINDOW_BYTES) {
    const reply = session.bulk.shift();
    if (reply === undefined) return;
    // The reply may have waited for long since it was first allowed to leave.
    const toRelease = { connection, ...reply };
    const verdict = p.release.decide(toRelease, p.order, p.r.stableUpTo, holdsLease);
    if (verdict === 'wait') p.waiting.push(toRelease);
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

/**
 * How long the primary waits for a client to say that it has seen a large reply. A client whose link broke has this
 * long to come back, and then this long to ask for its replies again.
 */
const SEEN_WITHIN_MS = 60_000;

/** The link of a session has passed on its oldest bulk frame. */
export function onSessionSent(r: ReplicaState, link: LinkId): void {
  const connection = r.connections.byLink(link);
  const session = connection?.session;
  if (connection === undefined || session === undefined || session.link !== link) return;
  session.bulkBytes -= session.onTheWay.shift() ?? 0;
  session.passedOnMs = r.nowMs;
  if (session.bulk.length > 0) r.wantFlush();
  r.role.linkDrained(connection);
}

/**
 * Whether so many replies to a client are still unsent that its next call waits, because that call's handler would only
 * add to them. Calls of other clients go on.
 */
export function waitsForLink(p: PrimaryState, connection: Connection, request: Request): boolean {
  const { session } = connection;
  if (session === undefined || request.stream !== undefined) return false;
  // A call whose reply will be small need not wait.
  if (!p.largeMethods.has(request.method)) return false;
  const { sessionBytes, totalBytes } = p.r.config.budgets;
  let own = session.unreadBytes;
  let all = unreadBytes(p);
  // Replies that may not leave yet will take room on the link, too, and so will those that are being made.
  for (const reply of p.waiting) if (reply.connection === connection) own += replyBytes(reply.outcome);
  for (const { work } of p.reads.values()) {
    const bytes = p.largeMethods.get(work.request.method) ?? 0;
    all += bytes;
    if (work.connection === connection) own += bytes;
  }
  if (own >= sessionBytes / 8) return true;
  // Many clients that do not read may each stay below that.
  if (own > 0 && all > totalBytes / 4) return true;
  // The client has the other replies but has not said so yet, or its link broke and it has yet to ask for them again.
  return p.r.nowMs - session.passedOnMs < SEEN_WITHIN_MS && overBudget(p.r, connection) !== undefined;
}

/** It is asked for each call of a method that gives large replies, so it is not counted anew each time. */
function unreadBytes(p: PrimaryState): number {
  if (p.unreadBytes === undefined) {
    p.unreadBytes = 0;
    for (const { session } of p.r.connections.values()) p.unreadBytes += session?.unreadBytes ?? 0;
  }
  return p.unreadBytes;
}

/**
 * Notes whether a method gives large replies, and how large. It takes some small ones in a row until a method is not taken
 * for one that does any more, since a client may choose what it asks for.
 */
export function noteSize(p: PrimaryState, method: string | undefined, outcome: Outcome): void {
  if (method === undefined || method === '') return;
  const bytes = replyBytes(outcome);
  if (bytes > LARGE_BYTES) {
    p.largeMethods.set(method, bytes);
    return;
  }
  const before = p.largeMethods.get(method);
  if (before === undefined) return;
  if (before > 2 * LARGE_BYTES) p.largeMethods.set(method, before / 2);
  else p.largeMethods.delete(method);
}

/** No client of ours has more open calls than this. */
const POSTPONED_MAX = 4096;
export const NOT_READ = refusal(
  'large replies wait for the link of this session, and too many calls behind them; read it',
);

/**
 * Keeps work until the link of its client has room.
 *
 * @returns false if too much work of the client waits already
 */
export function postpone(p: PrimaryState, connection: Connection, work: Work): boolean {
  const postponed = p.postponed.get(connection);
  if (postponed === undefined) p.postponed.set(connection, [work]);
  else if (postponed.length >= POSTPONED_MAX) return false;
  else postponed.push(work);
  return true;
}

/** At a tick: stops waiting for clients that did not say in time which replies they have seen. */
export function resumeAllPostponed(p: PrimaryState): void {
  p.unreadBytes = undefined;
  for (const connection of [...p.postponed.keys()]) resumePostponed(p, connection);
}

/** The link of a client has room, or is gone: its work has its turn again. */
export function resumePostponed(p: PrimaryState, connection: Connection): void {
  if (p.postponed.size === 0) return;
  const postponed = p.postponed.get(connection);
  if (postponed === undefined) return;
  p.postponed.delete(connection);
  for (const work of postponed) p.scheduler.add(work);
}
