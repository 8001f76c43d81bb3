/** Handles the frames of sessions the same way on every replica: registration, heartbeats, bodies, reflected orders. */

import { clientSettings } from '../../config/client-settings.js';
import { CLOCK_DRIFT } from '../../config/clock.js';
import { ClientSession } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { ErrorCode } from '../../model/error.js';
import type { CollectedFrame, HelloFrame, MulticastFrame } from '../../model/frames.js';
import { connectionKind, type LinkId, maxOf, minOf, NO_ORDER, type SeqNum, type Term } from '../../model/ids.js';
import { ownReply } from '../../model/outcome.js';
import { sayElsewhere } from '../reads/backup-reads.js';
import { isFarOver, isPressed } from '../state/budgets.js';
import type { EventOf } from '../state/events.js';
import type { ReplicaState } from '../state/replica-state.js';
import { openOrders } from '../state/sealing.js';
import { resendItems } from '../streams/items.js';
import { onRequest, seeReplies } from './bodies.js';
import { illegalFrame } from './legal.js';
import { mayUse, NOT_YOURS, type Speaker } from './owner.js';
import { refusedNewcomer } from './room.js';

const NONE: readonly SeqNum[] = [];

/** A frame arrived on a session's link. */
export function onSessionFrame(r: ReplicaState, event: EventOf<'sessionFrame'>): void {
  const { link, peer, frame } = event;
  const illegal = illegalFrame(frame);
  if (illegal !== undefined) {
    refuseLink(r, link, 'UNDERSTUDY_MALFORMED', illegal);
    return;
  }
  if (frame.kind === 'hello') {
    onHello(r, link, event, frame);
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
    case 'backupReads':
      if (!r.role.backupReads(connection, peer, frame)) {
        sayElsewhere(
          r,
          connection,
          frame.reads.map(({ readId }) => readId),
        );
      }
      return;
    case 'collected':
      onCollected(r, connection, session, peer, frame);
      return;
    case 'goodbye':
      endSession(r, connection);
      if (r.connections.get(connection.id) === connection) r.role.sessionEnded(connection);
  }
}

const FAR_OVER = 'more than twice budgets.sessionBytes is kept for this session; acknowledge replies';

function sayRefused(r: ReplicaState, link: LinkId, code: ErrorCode, reason: string): void {
  r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'refused', code, reason } });
}

/** Ends a link, and tells the client why. */
function refuseLink(r: ReplicaState, link: LinkId, code: ErrorCode, reason: string): void {
  sayRefused(r, link, code, reason);
  r.effects.push({ kind: 'closeSession', link });
}

function onHello(r: ReplicaState, link: LinkId, speaker: Speaker, frame: HelloFrame): void {
  const refuse = (code: ErrorCode, reason: string) => refuseLink(r, link, code, reason);
  if (frame.group !== r.config.group) {
    refuse('UNDERSTUDY_SETUP', `this replica belongs to group ${r.config.group}, not ${frame.group}`);
    return;
  }
  if (connectionKind(frame.connection) !== 'session') {
    refuse('UNDERSTUDY_MALFORMED', `a session cannot have the connection ${frame.connection}`);
    return;
  }
  const known = r.connections.get(frame.connection);
  if (/* rule session-of-its-opener */ known !== undefined && !mayUse(r, known, speaker)) {
    refuse('UNDERSTUDY_NOT_OWNER', NOT_YOURS);
    return;
  }
  const forgotten = known === undefined && !frame.fresh && r.connections.expiredForgotten && r.role.forgetsConnections;
  if (
    /* rule expired-refused */ r.connections.hasExpired(frame.connection) ||
    /* rule forgotten-refused */ forgotten ||
    /* rule expiring-refused */ known?.expiring === true
  ) {
    refuse('UNDERSTUDY_SESSION_EXPIRED', 'the records of this connection were freed; open a new one');
    return;
  }
  const full = known?.session === undefined ? refusedNewcomer(r, speaker.peer, endSession) : undefined;
  if (/* rule newcomer-refused */ full !== undefined) {
    refuse('UNDERSTUDY_OVERLOADED', full);
    return;
  }
  if (known !== undefined && isFarOver(r, known)) {
    // The session's acknowledgments count first, because they free replies.
    seeReplies(r, known, frame.repliesSeenUpTo);
    if (isFarOver(r, known)) {
      refuse('UNDERSTUDY_OVERLOADED', FAR_OVER);
      return;
    }
  }
  heedTerm(r, frame.term);
  const connection = known ?? r.connections.open(frame.connection);
  connection.owner ??= speaker.identity ?? '';
  openSession(r, connection, link, speaker.peer, frame);
  resendItems(r, connection);
  seeReplies(r, connection, frame.repliesSeenUpTo);
  welcome(r, connection, link, frame);
  // A connection that is known here may hold orders even if it sent no request: a client that only reads learns orders
  // too.
  r.role.sessionOpened(connection, link, !frame.fresh || /* rule collect-reader-who-is-back */ known !== undefined);
}

function openSession(r: ReplicaState, connection: Connection, link: LinkId, peer: string, hello: HelloFrame): void {
  // A link has one session. The session that was on this link before now has none, as if the link had broken.
  if (r.connections.byLink(link) !== connection) onSessionDown(r, link);
  const old = connection.session;
  if (old === undefined) r.connections.sessions++;
  if (old?.link !== undefined && old.link !== link) {
    r.role.linkLost(connection);
    r.connections.unlink(old.link);
    r.effects.push({ kind: 'closeSession', link: old.link });
  }
  connection.session = new ClientSession(link, peer, hello.sentAtMs, r.nowMs);
  // The client may not have received replies that an earlier link carried. It has yet to say so and to ask for them
  // again.
  if (old !== undefined) connection.session.passedOnMs = r.nowMs;
  if (hello.wallMs !== undefined) connection.session.clockAheadMs = r.clocks.wallMs() - hello.wallMs;
  /* rule distrust-on-new-link */ if (connection.equivocates) connection.session.registered = false;
  connection.silentSinceMs = undefined;
  r.connections.link(connection, link);
  r.role.sessionsChanged();
}

function welcome(r: ReplicaState, connection: Connection, link: LinkId, { sentAtMs, settings }: HelloFrame): void {
  r.effects.push({
    kind: 'sendToSession',
    link,
    frame: {
      kind: 'welcome',
      replica: r.self,
      view: r.view,
      receivedUpTo: connection.receivedUpTo,
      ...(connection.receivedEarly.length > 0 && { receivedEarly: connection.receivedEarly }),
      sessionBytes: r.config.budgets.sessionBytes,
      heartbeatMs: sentAtMs,
      reflect: r.config.multicast === 'destination',
      sessionMs: r.config.sessionMs,
      ...(settings !== r.settingsDigest && { settings: clientSettings(r.config) }),
    },
  });
}

/** Clients make a replica read the record at most once in this many milliseconds. */
const CLAIMED_EVERY_MS = 100;

/**
 * A client knows a newer term than this replica, or claims to. The watch tells of a newer record too, but a little
 * later.
 */
function heedTerm(r: ReplicaState, term: Term): void {
  if (term <= r.term || r.nowMs - r.termClaimedMs < CLAIMED_EVERY_MS) return;
  r.termClaimedMs = r.nowMs;
  r.effects.push({ kind: 'readRecord' });
}

/** Other settings are in force: sessions that were welcomed under the former ones are told. */
export function tellSettings(r: ReplicaState): void {
  const { config, term } = r;
  const { multicast, sessionMs, budgets } = config;
  const told = { reflect: multicast === 'destination', sessionMs, sessionBytes: budgets.sessionBytes };
  const frame = { kind: 'settings', term, ...told, settings: clientSettings(config) } as const;
  for (const { session } of r.connections.values()) {
    if (session?.link !== undefined) r.effects.push({ kind: 'sendToSession', link: session.link, frame });
  }
}

/** Asks a session which orders it holds and which replies it still waits for. */
export function askSession(r: ReplicaState, link: LinkId): void {
  r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'newTerm', view: r.view, collect: true } });
}

function onMulticast(
  r: ReplicaState,
  connection: Connection,
  session: ClientSession,
  peer: string,
  { header, requests, reads, streams, coming }: MulticastFrame,
): void {
  // A large request is overtaken by frames that were made later; its header says nothing new.
  const overtaken = header.sentAtMs < session.heartbeatMs;
  session.heartbeatMs = maxOf(session.heartbeatMs, header.sentAtMs);
  for (const seqNum of coming ?? NONE) if (!connection.knows(seqNum)) session.announce(seqNum, r.nowMs);
  if (!session.registered && /* rule distrust-for-good */ !connection.equivocates) register(r, connection, session);
  heedTerm(r, header.term);
  seeReplies(r, connection, header.repliesSeenUpTo);
  if (header.destOrderInfo.length > 0) {
    const orders = openOrders(r, connection, header.destOrderInfo);
    if (/* rule refuse-unsealed */ orders === undefined) {
      refuseForged(r, connection);
      return;
    }
    r.role.reflected(orders);
  }
  // Where calls travel as RPCs, a replica that serves gets a request by frame only if its RPC was given up.
  const byFrame = r.config.carrier === 'rpc' && r.role.answersFrames;
  // The streams that resume come before the requests that continue them.
  if (streams.length > 0) {
    const sent = requests.map(({ seqNum }) => seqNum);
    r.role.streamsAsked(connection, streams, sent);
  }
  for (const { seqNum, request, awaitStable } of requests) {
    onRequest(r, connection, seqNum, request, peer, { awaitStable, byFrame });
  }
  if (isFarOver(r, connection)) {
    const { link } = session;
    if (link !== undefined) sayRefused(r, link, 'UNDERSTUDY_OVERLOADED', FAR_OVER);
    hangUp(r, connection);
    return;
  }
  if (reads.length > 0 && !r.role.read(connection, peer, header.term, reads)) hangUp(r, connection);
  if (overtaken) return;
  session.closing = header.closing;
  if (header.closing) r.wantFlush();
}

/** A session that reflects anything but what the group sealed for it is refused, and nothing that it reflected counts. */
function refuseForged(r: ReplicaState, connection: Connection): void {
  r.forgedOrders++;
  r.log('warn', 'a client reflected orders that were not sealed for it', { connection: connection.id });
  const link = connection.session?.link;
  if (link === undefined) return;
  const reason = 'the session reflected orders that no replica sealed for it';
  r.effects.push({ kind: 'sendToSession', link, frame: { kind: 'refused', code: 'UNDERSTUDY_MALFORMED', reason } });
  hangUp(r, connection);
}

const TOO_MANY_READS = ownReply(
  'UNDERSTUDY_OVERLOADED',
  'too many reads wait for a new primary to serve; nothing was done, try again later',
);

/** Keeps a session's reads until this replica serves. Reads that find no room are answered at once with a refusal. */
export function keepReads(r: ReplicaState, connection: Connection, peer: string, reads: MulticastFrame['reads']): void {
  for (const { readId, request } of reads) {
    // A session sends its reads again on each new link.
    if (r.earlyReads.has(connection, readId) || haveRoom(r, 1)) {
      r.earlyReads.add({ connection, readId, call: undefined, request, peer });
    } else {
      connection.session?.reads.push({ readId, orderNum: NO_ORDER, outcome: TOO_MANY_READS, stable: true });
      r.wantFlush();
    }
  }
}

const haveRoom = ({ earlyReads, config }: ReplicaState, reads: number): boolean =>
  earlyReads.size + reads <= config.queueMax && earlyReads.bytes <= config.budgets.totalBytes / 2;

/**
 * Keeps the reads of a session that knows a newer term than this replica, which may itself be the primary of that term.
 *
 * @returns whether the session may go on; false if too many reads wait already
 */
export function keepReadsOfTerm(
  r: ReplicaState,
  term: number,
  connection: Connection,
  peer: string,
  reads: MulticastFrame['reads'],
): boolean {
  if (term <= r.term) return true;
  const more = reads.filter(({ readId }) => !r.earlyReads.has(connection, readId)).length;
  // A session does not believe the answers of a replica that knows only an older term.
  if (!haveRoom(r, more)) return false;
  keepReads(r, connection, peer, reads);
  return true;
}

/**
 * A session said which orders it holds and which replies it still waits for. A promoting replica collects the orders; a
 * primary gives the replies.
 */
function onCollected(
  r: ReplicaState,
  connection: Connection,
  session: ClientSession,
  peer: string,
  frame: CollectedFrame,
): void {
  if (frame.term !== r.term) return;
  const orders = openOrders(r, connection, frame.orders);
  if (orders === undefined) {
    refuseForged(r, connection);
    return;
  }
  session.heartbeatMs = frame.sentAtMs;
  seeReplies(r, connection, frame.repliesSeenUpTo);
  const { retained, outstanding, sentUpTo, streams } = frame;
  session.collected = { retained: new Set(retained), outstanding, sentUpTo, streams };
  r.role.collected(connection, peer, orders);
}

/** Closes a session's link. The session itself may come back on another one. */
export function hangUp(r: ReplicaState, { session }: Connection): void {
  if (session?.link === undefined) return;
  const { link } = session;
  r.effects.push({ kind: 'closeSession', link });
  /* rule void-when-hung-up-on */ onSessionDown(r, link);
}

/** A session's link broke. */
export function onSessionDown(r: ReplicaState, link: LinkId): void {
  const connection = r.connections.byLink(link);
  r.connections.unlink(link);
  const session = connection?.session;
  if (connection === undefined || session === undefined || session.link !== link) return;
  session.link = undefined;
  session.replies = [];
  session.reads = [];
  session.bulk = [];
  session.onTheWay = [];
  session.bulkBytes = 0;
  session.passedOnMs = r.nowMs;
  session.streams.clear();
  r.role.linkLost(connection);
  /* rule void-with-stream */ r.role.sessionLost(connection);
}

/**
 * Unregisters sessions that fell silent, and ends them after `sessionExpiryMs`; the primary then frees their records.
 */
export function checkSessions(r: ReplicaState): void {
  // A client that was welcomed under a longer sessionMs may go by that until it hears of another one.
  const silentMs = /* rule longest-told */ r.sessionMsMax * (1 + CLOCK_DRIFT);
  const expiryMs = Math.max(r.config.sessionExpiryMs, r.sessionMsMax);
  // A session whose frames are not being read is not relied on either, but it may well be alive.
  const { readForMs } = r.role;
  for (const connection of r.connections.values()) {
    const session = connection.session;
    if (session === undefined) {
      r.role.sessionMissing(connection);
      continue;
    }
    const silentFor = r.nowMs - session.lastHeardMs;
    if (session.registered && silentFor > silentMs) {
      session.registered = false;
      r.log('info', 'a session is silent', { connection: connection.id });
      r.role.sessionsChanged();
    }
    const isUseless = !session.registered && session.link === undefined && isPressed(r, connection);
    if (isUseless || minOf(silentFor, readForMs) > expiryMs) {
      endSession(r, connection, isUseless ? r.nowMs : r.nowMs - minOf(silentFor, readForMs));
      continue;
    }
    // If nothing else goes to the session soon, a frame must echo its heartbeats.
    if (session.heartbeatMs > session.echoedMs && r.nowMs - session.echoedAtMs > r.config.sessionMs / 6) r.wantFlush();
  }
}

function register(r: ReplicaState, connection: Connection, session: ClientSession): void {
  session.registered = true;
  r.role.sessionRegistered(connection);
  r.role.sessionsChanged();
}

/** @param sinceMs since when nothing was heard of the session */
function endSession(r: ReplicaState, connection: Connection, sinceMs = r.nowMs): void {
  const session = connection.session;
  if (session === undefined) return;
  if (session.link !== undefined) {
    r.connections.unlink(session.link);
    r.effects.push({ kind: 'closeSession', link: session.link });
  }
  connection.session = undefined;
  r.role.sessionLost(connection);
  // A primary frees its records sessionExpiryMs after the session was last heard, not after it was given up.
  if (r.role.answersFrames) connection.silentSinceMs = sinceMs;
  r.connections.sessions--;
  if (r.role.forgetsBlank(connection)) r.connections.forget(connection.id);
  r.role.sessionsChanged();
}
