/** A primary's handling of connections whose session comes back, falls silent or ends. */

import type { Collected } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { SeqNum } from '../../model/ids.js';
import { VOIDED } from '../../model/outcome.js';
import { giveCached } from '../release/replies.js';
import { isPressed } from '../state/budgets.js';
import type { PrimaryState } from '../state/primary-state.js';
import { onAsked } from '../streams/items.js';
import { voidMessage } from '../streams/voids.js';
import { schedule } from './schedule.js';

/**
 * While more than this multiple of `sessionsMax` connections have no session, each is freed after `sessionMs` already.
 */
const SILENT_FACTOR = 4;

/**
 * A session has said what it still waits for, after a change of primary: it gets the replies it lacks, and those of its
 * messages that never got an order are ordered afresh.
 */
export function resumeOutstanding(p: PrimaryState, connection: Connection, peer: string): void {
  const { r } = p;
  const collected = connection.session?.collected;
  if (collected === undefined) return;
  forgetUnwanted(connection, collected);
  onAsked(p, connection, collected.streams, collected.outstanding);
  /* rule offer-opened-since */ offerOpenedSince(p, connection, collected);
  const lost: SeqNum[] = [];
  for (const seqNum of collected.outstanding) {
    const message = connection.messages.get(seqNum);
    if (message?.outcome !== undefined) giveCached(p, connection, message, message.outcome);
    else if (/* rule order-afresh */ message?.isUnordered) schedule(p, connection, message, peer);
    else if (!connection.knows(seqNum)) lost.push(seqNum);
  }
  // The session's answer does not cover messages that it sent afterwards. If one of them is processed already, this
  // replica must send its reply now, because no other replica can.
  for (const message of connection.messages.values()) {
    const { seqNum, outcome } = message;
    if (seqNum <= collected.sentUpTo || outcome === undefined) continue;
    /* rule answer-asked-early */ giveCached(p, connection, message, outcome);
  }
  for (const message of connection.unordered()) {
    if (message.seqNum > collected.sentUpTo) schedule(p, connection, message, peer);
  }
  /* rule cancel-ended */ cancelEnded(p, connection, collected);
  const link = connection.session?.link;
  if (lost.length > 0 && link !== undefined) {
    r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'nack', seqNums: lost } });
  }
}

/**
 * The session's answer does not cover streams that it opened afterwards. Items that their handlers sent before this
 * replica served leave now, because no later event would make them leave.
 */
function offerOpenedSince(p: PrimaryState, connection: Connection, { sentUpTo }: Collected): void {
  for (const stream of connection.streams.values()) {
    if (stream.id <= sentUpTo) continue;
    onAsked(p, connection, [{ of: stream.id, received: stream.clientHas, awaitStable: false }]);
  }
}

/**
 * Cancels streams that the client considers ended although the order that ended them was cut: nobody will ask for their
 * items.
 */
function cancelEnded(p: PrimaryState, connection: Connection, { streams, sentUpTo }: Collected): void {
  const open = new Set(streams.map(({ of }) => of));
  for (const stream of connection.streams.values()) {
    if (stream.id > sentUpTo || open.has(stream.id)) continue;
    // A group leaves its streams to its next primary.
    if (/* rule nested-streams-left */ stream.history.caller !== undefined) continue;
    // A stream that is not admitted yet will be opened again first; its cancellation follows then.
    if (/* rule cancel-behind-opening */ stream.passage.admitted)
      p.scheduler.add({ kind: 'cancel', connection, stream: stream.id });
    else stream.passage.gone = true;
  }
}

/**
 * Forgets bodies without an order that the session does not wait for: this replica cannot know which messages of their
 * streams depend on them.
 */
function forgetUnwanted(connection: Connection, { outstanding, sentUpTo }: Collected): void {
  const wanted = new Set(outstanding);
  for (const message of connection.messages.values()) {
    const { seqNum, stage } = message;
    if (stage === 'received' && seqNum <= sentUpTo && !wanted.has(seqNum)) connection.drop(message);
  }
}

/**
 * Voids messages without an order that arrived before this replica was primary and that no session says it waits for.
 */
export function voidUnordered(p: PrimaryState, connection: Connection): void {
  connection.held.clear();
  for (const message of connection.unordered()) {
    if (/* rule void-unordered */ message.isQueued) continue;
    voidMessage(p, connection, message, VOIDED);
  }
}

/** Drops replies that were to leave on a link that is gone. The session asks for them again on its next link. */
export function dropWaiting(p: PrimaryState, connection: Connection | undefined): void {
  if (p.waiting.length === 0) return;
  p.waiting = p.waiting.filter((reply) => reply.connection !== connection || reply.to.kind === 'call');
}

/**
 * Frees the records of a connection that has had no session for `sessionExpiryMs`. The freeing is an ordered event, so
 * every replica does it at the same place.
 */
export function checkSilent(p: PrimaryState, connection: Connection): void {
  const { r } = p;
  if (connection.kind !== 'session') return;
  connection.silentSinceMs ??= r.nowMs;
  const { sessionExpiryMs, sessionsMax } = r.config;
  const sessionMs = r.sessionMsMax;
  // So many clients come and go that not all of their records can be kept that long.
  const isCrowded =
    r.connections.size - r.connections.sessions > SILENT_FACTOR * sessionsMax || isPressed(r, connection);
  if (r.nowMs - connection.silentSinceMs <= (isCrowded ? sessionMs : sessionExpiryMs)) return;
  connection.silentSinceMs = Number.POSITIVE_INFINITY;
  p.scheduler.add({ kind: 'expire', connection: connection.id });
}

/** The session said goodbye: nobody will ask for anything of its connection again, so its records are freed. */
export function expireSession(p: PrimaryState, connection: Connection): void {
  connection.silentSinceMs = Number.POSITIVE_INFINITY;
  p.scheduler.add({ kind: 'expire', connection: connection.id });
}
