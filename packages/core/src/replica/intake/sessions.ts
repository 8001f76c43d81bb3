import { ClientSession, type Collected } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { CollectedFrame, HelloFrame, MulticastFrame, SessionFrame } from '../../model/frames.js';
import type { LinkId, SeqNum } from '../../model/ids.js';
import { connectionKind, minOf } from '../../model/ids.js';
import { VOIDED } from '../../model/outcome.js';
import { backupReceivesOrders } from '../order/backup-receive.js';
import { giveCached, orderOf } from '../order/ordering.js';
import { CLOCK_DRIFT, type ReplicaState } from '../state.js';
import { onAsked, resendItems } from '../streams/items.js';
import { voidMessage } from '../streams/voids.js';
import { acceptsReads, onRead, onRequest, schedule, seeReplies } from './requests.js';

/** Frames of clients, on every replica alike: registration, heartbeats, bodies, reflected order. */
export function onSessionFrame(r: ReplicaState, link: LinkId, peer: string, frame: SessionFrame): void {
  if (frame.kind === 'hello') {
    onHello(r, link, peer, frame);
    return;
  }
  const connection = r.connections.byLink(link);
  const session = connection?.session;
  if (connection === undefined || session === undefined || session.link !== link) {
    r.effects.push({ kind: 'closeSession', link });
    return;
  }
  session.lastHeardMs = r.nowMs;
  switch (frame.kind) {
    case 'multicast':
      onMulticast(r, connection, session, peer, frame);
      return;
    case 'collected':
      onCollected(r, connection, session, peer, frame);
      return;
    case 'goodbye':
      endSession(r, connection);
      if (r.isPrimary) {
        connection.silentSinceMs = Number.POSITIVE_INFINITY;
        r.scheduler.add({ kind: 'expire', connection: connection.id });
      }
  }
}

function onHello(r: ReplicaState, link: LinkId, peer: string, frame: HelloFrame): void {
  const refuse = (
    code: 'UNDERSTUDY_SETUP' | 'UNDERSTUDY_MALFORMED' | 'UNDERSTUDY_SESSION_EXPIRED' | 'UNDERSTUDY_OVERLOADED',
    reason: string,
  ) => {
    r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'refused', code, reason } });
    r.effects.push({ kind: 'closeSession', link });
  };
  if (frame.group !== r.config.group) {
    refuse('UNDERSTUDY_SETUP', `this replica belongs to group ${r.config.group}, not ${frame.group}`);
    return;
  }
  if (connectionKind(frame.connection) !== 'session') {
    refuse('UNDERSTUDY_MALFORMED', `a session cannot have the connection ${frame.connection}`);
    return;
  }
  const known = r.connections.get(frame.connection);
  const forgotten = known === undefined && !frame.fresh && r.connections.expiredForgotten && r.isPrimary;
  if (
    /* rule expired-refused */ r.connections.hasExpired(frame.connection) ||
    /* rule forgotten-refused */ forgotten ||
    /* rule expiring-refused */ known?.expiring === true
  ) {
    refuse('UNDERSTUDY_SESSION_EXPIRED', 'the records of this connection were freed; open a new one');
    return;
  }
  if (known?.session === undefined && r.connections.sessions >= r.config.sessionsMax) {
    refuse('UNDERSTUDY_OVERLOADED', `this replica serves ${r.config.sessionsMax} sessions already`);
    return;
  }
  if (frame.term > r.term) r.effects.push({ kind: 'readRecord' });
  const connection = known ?? r.connections.open(frame.connection);
  openSession(r, connection, link, peer, frame.sentAtMs);
  resendItems(r, connection);
  seeReplies(r, connection, frame.repliesSeenUpTo);
  welcome(r, connection, link, frame.sentAtMs);
  if (r.role !== 'promoting') {
    // It may have seen the end of streams that were cut since: it says which ones it has.
    if (r.isPrimary && connection.streams.size > 0) askSession(r, link);
    return;
  }
  // Who only reads sent no request, and holds orders all the same.
  if (!frame.fresh || /* rule collect-reader-who-is-back */ known !== undefined)
    r.collection?.sessionIsBack(connection.id);
  askSession(r, link);
}

function openSession(r: ReplicaState, connection: Connection, link: LinkId, peer: string, heartbeatMs: number): void {
  const old = connection.session;
  if (old === undefined) r.connections.sessions++;
  if (old?.link !== undefined && old.link !== link) {
    dropWaiting(r, connection);
    r.connections.unlink(old.link);
    r.effects.push({ kind: 'closeSession', link: old.link });
  }
  connection.session = new ClientSession(link, peer, heartbeatMs, r.nowMs);
  connection.silentSinceMs = undefined;
  r.connections.link(connection, link);
  r.release.changed();
  reportSessions(r);
}

function welcome(r: ReplicaState, connection: Connection, link: LinkId, heartbeatMs: number): void {
  r.effects.push({
    kind: 'sendToSession',
    link,
    frame: {
      kind: 'welcome',
      replica: r.self,
      view: r.view,
      receivedUpTo: connection.receivedUpTo,
      heartbeatMs,
      reflect: r.config.multicast === 'destination',
      sessionMs: r.config.sessionMs,
    },
  });
}

export function askSession(r: ReplicaState, link: LinkId): void {
  r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'newTerm', view: r.view, collect: true } });
}

function onMulticast(
  r: ReplicaState,
  connection: Connection,
  session: ClientSession,
  peer: string,
  { header, requests, reads, streams }: MulticastFrame,
): void {
  session.heartbeatMs = header.sentAtMs;
  if (!session.registered) register(r, connection, session);
  if (header.term > r.term) r.effects.push({ kind: 'readRecord' });
  seeReplies(r, connection, header.repliesSeenUpTo);
  if (header.destOrderInfo.length > 0 && !receiveReflected(r, session, header.destOrderInfo)) return;
  // Where calls travel as RPCs, who serves gets by frame only those whose RPC was given up.
  const byFrame = r.config.carrier === 'rpc' && acceptsReads(r);
  // What it lacks comes before what it goes on with.
  if (streams.length > 0 && r.isPrimary) {
    const sent = requests.map(({ seqNum }) => seqNum);
    onAsked(r, connection, streams, sent);
  }
  for (const { seqNum, request, awaitStable } of requests) {
    onRequest(r, connection, seqNum, request, peer, { awaitStable, byFrame });
  }
  if (reads.length > 0) receiveReads(r, connection, peer, header.term, reads);
  session.closing = header.closing;
  if (header.closing) r.wantsFlush = true;
}

/** A session may know sooner than this replica that it was designated. If too many do, their streams begin again. */
function receiveReads(
  r: ReplicaState,
  connection: Connection,
  peer: string,
  term: number,
  reads: MulticastFrame['reads'],
): void {
  if (!acceptsReads(r) && term <= r.term) return;
  for (const { readId, request } of reads) {
    if (acceptsReads(r)) onRead(r, connection, readId, undefined, request, peer);
    else if (r.earlyReads.length < r.config.queueMax) r.earlyReads.push({ connection, readId, request, peer });
    else if (connection.session?.link !== undefined) hangUp(r, connection.session.link);
  }
}

/** destOrderInfo: an acknowledgment to the primary (FIG. 9), announcements to a backup (FIG. 10). */
function receiveReflected(
  r: ReplicaState,
  session: ClientSession,
  orders: MulticastFrame['header']['destOrderInfo'],
): boolean {
  if (!r.isPrimary) {
    // Where the primary announces itself, no client is asked to reflect, so none is believed.
    if (/* rule reflected-if-asked */ r.config.multicast === 'destination') backupReceivesOrders(r, orders);
    return true;
  }
  const foreign = orderOf(r).primaryReceives(orders);
  if (/* rule refuse-forged-order */ foreign === undefined || session.link === undefined) return true;
  r.log('warn', 'a client reflected an order that was never given', { orderNum: foreign.orderNum });
  const reason = `order ${foreign.orderNum} of term ${foreign.term} was never given`;
  const frame = { kind: 'refused', code: 'UNDERSTUDY_MALFORMED', reason } as const;
  r.effects.push({ kind: 'sendToSession', link: session.link, frame });
  hangUp(r, session.link);
  return false;
}

/** A session told all it holds. A promoting replica collects it; a primary takes up what the session still waits for. */
function onCollected(
  r: ReplicaState,
  connection: Connection,
  session: ClientSession,
  peer: string,
  frame: CollectedFrame,
): void {
  if (frame.term !== r.term) return;
  session.heartbeatMs = frame.sentAtMs;
  seeReplies(r, connection, frame.repliesSeenUpTo);
  const { retained, outstanding, sentUpTo, streams } = frame;
  session.collected = { retained: new Set(retained), outstanding, sentUpTo, streams };
  if (r.role === 'promoting') r.collection?.sessionAnswered(connection.id, frame.orders);
  else if (r.isPrimary) resumeOutstanding(r, connection, peer);
}

/** After a change of primary: replies that the session lacks, and its messages that never got an order. */
export function resumeOutstanding(r: ReplicaState, connection: Connection, peer: string): void {
  const collected = connection.session?.collected;
  if (collected === undefined) return;
  forgetUnwanted(connection, collected);
  onAsked(r, connection, collected.streams, collected.outstanding);
  const lost: SeqNum[] = [];
  for (const seqNum of collected.outstanding) {
    const message = connection.messages.get(seqNum);
    if (message?.outcome !== undefined) giveCached(r, connection, message, message.outcome);
    else if (/* rule order-afresh */ message?.isUnordered) schedule(r, connection, message, peer);
    else if (!connection.knows(seqNum)) lost.push(seqNum);
  }
  // What it sent after its word, and what got an order from elsewhere: its reply can come from nobody else.
  for (const message of connection.messages.values()) {
    const { seqNum, outcome } = message;
    if (seqNum <= collected.sentUpTo || outcome === undefined) continue;
    /* rule answer-asked-early */ giveCached(r, connection, message, outcome);
  }
  for (const message of connection.unordered()) {
    if (message.seqNum > collected.sentUpTo) schedule(r, connection, message, peer);
  }
  /* rule cancel-ended */ cancelEnded(r, connection, collected);
  const link = connection.session?.link;
  if (lost.length > 0 && link !== undefined) {
    r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'nack', seqNums: lost } });
  }
}

/** Streams whose end, or last credit, was cut after the client had seen it: nobody will ask for anything of them. */
function cancelEnded(r: ReplicaState, connection: Connection, { streams, sentUpTo }: Collected): void {
  const open = new Set(streams.map(({ of }) => of));
  for (const stream of connection.streams.values()) {
    if (stream.id > sentUpTo || open.has(stream.id)) continue;
    // It is yet to be opened once more, and is cancelled behind that.
    if (/* rule cancel-behind-opening */ stream.admitted)
      r.scheduler.add({ kind: 'cancel', connection, stream: stream.id });
    else stream.gone = true;
  }
}

/** Bodies without an order that the session does not wait for: what of their streams waits for them is unknown here. */
function forgetUnwanted(connection: Connection, { outstanding, sentUpTo }: Collected): void {
  const wanted = new Set(outstanding);
  for (const { seqNum, stage } of connection.messages.values()) {
    if (stage === 'received' && seqNum <= sentUpTo && !wanted.has(seqNum)) connection.messages.delete(seqNum);
  }
}

/** Ends a session's stream; the session itself may come back on another one. */
function hangUp(r: ReplicaState, link: LinkId): void {
  r.effects.push({ kind: 'closeSession', link });
  /* rule void-when-hung-up-on */ onSessionDown(r, link);
}

export function onSessionDown(r: ReplicaState, link: LinkId): void {
  const connection = r.connections.byLink(link);
  r.connections.unlink(link);
  const session = connection?.session;
  if (connection === undefined || session === undefined || session.link !== link) return;
  session.link = undefined;
  session.replies = [];
  session.reads = [];
  session.streams.clear();
  dropWaiting(r, connection);
  /* rule void-with-stream */ if (r.isPrimary) voidUnordered(r, connection);
}

/** What is here without an order since before this replica was primary, and nobody says that it waits for it. */
export function voidUnordered(r: ReplicaState, connection: Connection): void {
  connection.held.clear();
  for (const message of connection.unordered()) {
    if (/* rule void-unordered */ message.isQueued) continue;
    voidMessage(r, connection, message, VOIDED);
  }
}

/** What waits to be released on a stream that is gone is asked for again on the next one. */
function dropWaiting(r: ReplicaState, connection: Connection | undefined): void {
  if (r.waiting.length === 0) return;
  r.waiting = r.waiting.filter((reply) => reply.connection !== connection || reply.to.kind === 'call');
}

/** Sessions that went silent are not relied on; after `sessionExpiryMs` the primary frees their records. */
export function checkSessions(r: ReplicaState): void {
  const silentMs = r.config.sessionMs * (1 + CLOCK_DRIFT);
  // Whose frames wait to be read is not relied on either, but may well be there.
  const readForMs = r.sessionsPaused ? 0 : r.nowMs - r.sessionsReadSinceMs;
  for (const connection of r.connections.values()) {
    const session = connection.session;
    if (session === undefined) {
      checkSilent(r, connection);
      continue;
    }
    const silentFor = r.nowMs - session.lastHeardMs;
    if (session.registered && silentFor > silentMs) {
      session.registered = false;
      r.log('info', 'session is silent', { connection: connection.id });
      r.release.changed();
      reportSessions(r);
    }
    if (minOf(silentFor, readForMs) > r.config.sessionExpiryMs) endSession(r, connection);
    // Nothing of this turn carries an echo: heartbeats must not go unanswered for long.
    if (session.heartbeatMs > session.echoedMs && r.nowMs - session.echoedAtMs > r.config.sessionMs / 6)
      r.wantsFlush = true;
  }
}

/** The records of a connection that no session speaks for are freed in order, on every replica at the same place. */
function checkSilent(r: ReplicaState, connection: Connection): void {
  if (!r.isPrimary || connection.kind !== 'session') return;
  connection.silentSinceMs ??= r.nowMs;
  if (r.nowMs - connection.silentSinceMs <= r.config.sessionExpiryMs) return;
  connection.silentSinceMs = Number.POSITIVE_INFINITY;
  r.scheduler.add({ kind: 'expire', connection: connection.id });
}

function register(r: ReplicaState, connection: Connection, session: ClientSession): void {
  session.registered = true;
  r.collection?.sessionIsBack(connection.id);
  r.release.changed();
  reportSessions(r);
}

function endSession(r: ReplicaState, connection: Connection): void {
  const session = connection.session;
  if (session === undefined) return;
  if (session.link !== undefined) {
    r.connections.unlink(session.link);
    r.effects.push({ kind: 'closeSession', link: session.link });
  }
  connection.session = undefined;
  if (r.isPrimary) voidUnordered(r, connection);
  r.connections.sessions--;
  r.release.changed();
  reportSessions(r);
}

/** The primary must know for which sessions this replica answers. */
function reportSessions(r: ReplicaState): void {
  r.ackDue = true;
  r.wantsFlush = true;
}
