/**
 * Handles the frames that replicas send to a session: replies, orders (FIG. 9), views, requests for bodies, refusals.
 */

import { unreachable } from '../model/assert.js';
import type {
  ReplicaHeader,
  RepliesFrame,
  ReplyFrame,
  SessionNewTermFrame,
  SettingsFrame,
  View,
  WelcomeFrame,
} from '../model/frames.js';
import { maxOf, NO_ORDER, type Term } from '../model/ids.js';
import { NOTHING_STABLE, type PlaceInOrder } from '../ordering/remote-order.js';
import { isAdopted } from '../record/transitions.js';
import { onBackupAnswers, toPrimary } from './backup-reads.js';
import { failAll, noteCutRequests, notePlace, noteStable, outstanding, passWaitingOn, startWaiting } from './calls.js';
import { askHeldAgain, deliverHeld, dropHeld, onReply } from './delivery.js';
import { isComing } from './flow.js';
import { parkTwins } from './members.js';
import type { Link, SessionState } from './state.js';
import { dropHeldItems, giveHeldItems, onItems, streamAsks } from './stream-items.js';
import { failStreams, failTornStreams, failWithoutRoom, sendAllWaiting } from './streams.js';

/** A frame of a replica arrived. For `replies`, this is FIG. 9 at the client. */
export function onReplyFrame(s: SessionState, link: Link, frame: ReplyFrame): void {
  switch (frame.kind) {
    case 'welcome':
      return onWelcome(s, link, frame);
    case 'settings':
      return onSettings(s, frame);
    case 'replies':
      return onReplies(s, link, frame);
    case 'backupAnswers':
      return onBackupAnswers(s, frame);
    case 'newTerm':
      return onNewTerm(s, link, frame);
    case 'nack':
      // A replica asks again for the bodies that it still lacks, so nothing is gathered for a link that takes nothing.
      if (link.full) return;
      for (const seqNum of frame.seqNums) {
        if (s.sent.has(seqNum) && !isComing(link, seqNum)) link.resend.push({ seqNum, awaitStable: false });
      }
      s.wantFlush();
      return;
    case 'refused':
      return onRefused(s, link, frame);
    default:
      return unreachable(frame, 'reply frame');
  }
}

function onWelcome(s: SessionState, link: Link, frame: WelcomeFrame): void {
  link.member = frame.replica;
  link.noRoom = undefined;
  parkTwins(s, link, frame.replica);
  link.ackedMs = maxOf(link.ackedMs, frame.heartbeatMs);
  link.sentUpTo = frame.receivedUpTo;
  link.has = new Set(frame.receivedEarly);
  s.sessionBytes = frame.sessionBytes ?? s.sessionBytes;
  link.reflected = 0;
  followSettings(s, frame.view.term, frame);
  adoptView(s, frame.view);
  if (link === findPrimary(s)) {
    // The primary's link is new: replies may have been lost with the old one.
    s.primary = undefined;
    askAgain(s, link);
    /* rule ask-held-again */ askHeldAgain(s);
  }
  findPrimaryAgain(s);
  deliverHeld(s);
  giveHeldItems(s);
  s.wantFlush();
}

/** Takes over the group's settings, unless a replica that lags behind tells those of an older term. */
function followSettings(
  s: SessionState,
  term: Term,
  { reflect, sessionMs, settings }: Pick<WelcomeFrame, 'reflect' | 'sessionMs' | 'settings'>,
): void {
  if (term < s.settingsTerm) return;
  s.settingsTerm = term;
  s.reflect = reflect;
  s.sessionMs = sessionMs;
  if (/* rule follow-settings */ settings !== undefined) {
    s.follow(settings);
    passWaitingOn(s);
  }
}

function onSettings(s: SessionState, frame: SettingsFrame): void {
  if (frame.term >= s.settingsTerm) s.sessionBytes = frame.sessionBytes;
  followSettings(s, frame.term, frame);
  s.wantFlush();
}

function askAgain(s: SessionState, link: Link): void {
  for (const seqNum of outstanding(s)) {
    if (s.config.carrier === 'stream' && (seqNum <= link.sentUpTo || link.has.has(seqNum)))
      link.resend.push({ seqNum, awaitStable: false });
    const sent = s.sent.get(seqNum);
    if (sent !== undefined) sent.invoked = false;
  }
  for (const read of s.reads.values()) if (read.backup === undefined) read.sent = false;
  link.asks = streamAsks(s);
}

function onReplies(s: SessionState, link: Link, { header, replies, reads, items }: RepliesFrame): void {
  if (!onHeader(s, link, header)) return;
  for (const { seqNum, outcome, stable, orderNum } of replies) {
    const sent = s.sent.get(seqNum);
    if (sent === undefined) continue;
    // An answered request may have got another order after a promotion cut the one that it had.
    if (sent.answered) notePlace(s, sent, stable, orderNum);
    else onReply(s, sent, outcome, stable, orderNum);
  }
  for (const { readId, outcome, stable } of reads) {
    const read = s.reads.get(readId);
    if (read !== undefined) onReply(s, read, outcome, stable, NO_ORDER);
  }
  if (items.length > 0) onItems(s, items);
  startWaiting(s);
  sendAllWaiting(s);
}

/**
 * Takes in the header of a frame or RPC.
 *
 * @returns false if it is of an older term, so that its replies must not be believed
 */
export function onHeader(s: SessionState, link: Link | undefined, header: ReplicaHeader): boolean {
  if (link !== undefined) link.ackedMs = maxOf(link.ackedMs, /* rule delivery-from-sending */ header.heartbeatMs);
  if (header.view !== undefined) {
    adoptView(s, header.view, link === undefined || link === s.primary);
    findPrimaryAgain(s);
  }
  if (/* rule term-of-replies */ header.term < s.term) {
    deliverHeld(s);
    giveHeldItems(s);
    return false;
  }
  if (header.term > s.term) adoptView(s, { ...s.view, term: header.term });
  if (header.sourceOrderInfo.length > 0) noteOrders(s, header);
  if (header.stableUpTo > s.saidStable.orderNum) {
    s.saidStable = { term: header.term, orderNum: header.stableUpTo };
    noteStable(s);
  }
  deliverHeld(s);
  giveHeldItems(s);
  return true;
}

/** FIG. 9: sourceOrderInfo goes into pendingRemoteOrder. The next request or a null message reflects it. */
function noteOrders(s: SessionState, { sourceOrderInfo }: ReplicaHeader): void {
  s.pendingRemoteOrder.insert(sourceOrderInfo);
  if (!s.reflect) return;
  if (s.reflectSinceMs === Number.POSITIVE_INFINITY) s.reflectSinceMs = s.nowMs;
  if (reflectsAtOnce(s) || s.pendingRemoteOrder.size > s.settings.pendingSourceOrderMax) s.wantFlush();
}

/** Whether to reflect at once: if replies wait for stability, the primary waits for this reflection. */
const reflectsAtOnce = (s: SessionState): boolean =>
  s.settings.release === 'acknowledged' || s.settings.methods.some(({ release }) => release === 'acknowledged');

function onNewTerm(s: SessionState, link: Link, { view, collect }: SessionNewTermFrame): void {
  adoptView(s, view);
  findPrimaryAgain(s);
  if (!collect || view.term !== s.term) return;
  s.effects.push({
    kind: 'send',
    slot: link.slot,
    frame: {
      kind: 'collected',
      term: view.term,
      orders: /* rule tell-held-orders */ s.pendingRemoteOrder.all(),
      retained: [...s.sent.keys()],
      outstanding: outstanding(s),
      streams: streamAsks(s),
      sentUpTo: s.lastSeqNum,
      repliesSeenUpTo: s.repliesSeenUpTo,
      sentAtMs: s.nowMs,
    },
  });
  link.sentAtMs = s.nowMs;
}

function onRefused(s: SessionState, link: Link, frame: Extract<ReplyFrame, { kind: 'refused' }>): void {
  s.log('warn', 'a replica refused this session', { slot: link.slot, code: frame.code, reason: frame.reason });
  const { code } = frame;
  if (code === 'UNDERSTUDY_SESSION_EXPIRED' || code === 'UNDERSTUDY_SETUP' || code === 'UNDERSTUDY_NOT_OWNER') {
    failStreams(s, code, frame.reason);
    failAll(s, code, frame.reason);
    s.phase = 'ended';
    s.effects.push({ kind: 'ended', clean: false });
    return;
  }
  if (frame.code === 'UNDERSTUDY_OVERLOADED') {
    link.noRoom = { reason: frame.reason, sinceMs: s.nowMs };
    link.member = undefined;
    if (link === s.primary) s.primary = undefined;
    failWithoutRoom(s);
  }
  s.effects.push({ kind: 'reconnect', slot: link.slot });
}

/** Takes over a view of the group. The view with the newest term and epoch is kept. */
function adoptView(s: SessionState, view: View, fromPrimary = false): void {
  if (view.term < s.view.term) return;
  // While a change of the set is in flight, the primary lists the old and the new members under the same epoch.
  if (view.term === s.view.term && (fromPrimary ? view.epoch < s.view.epoch : view.epoch <= s.view.epoch)) return;
  const newTerm = view.term > s.view.term;
  s.view = view;
  noteCut(s);
  noteStable(s);
  if (!newTerm) return;
  /* rule drop-held */ dropHeld(s);
  dropHeldItems(s);
  s.primary = undefined;
  s.lostSinceMs ??= s.nowMs;
  for (const sent of s.sent.values()) sent.invoked = false;
  for (const read of s.reads.values()) toPrimary(s, read);
}

/**
 * Ends streams whose history was cut. A promotion cuts orders that this session had seen if it gave the session up;
 * a record that an operator forced may cut even stable ones.
 */
function noteCut(s: SessionState): void {
  noteCutRequests(s);
  const isCut = (order: PlaceInOrder): boolean => /* rule torn-streams-end */ !isAdopted(s.view, order);
  if (/* rule stable-may-be-cut */ isCut(s.saidStable)) {
    s.saidStable = NOTHING_STABLE;
    s.readUpTo = NO_ORDER;
    failTornStreams(s);
  } else if (s.pendingRemoteOrder.all().some(({ term, last }) => isCut({ term, orderNum: last }))) {
    failTornStreams(s);
  }
  s.pendingRemoteOrder.cut(isCut);
}

const findPrimary = (s: SessionState): Link | undefined =>
  s.links.find((link) => link.up && link.member !== undefined && link.member.id === s.view.primary);

/** If there is a link to the primary now, calls that waited are sent there. */
export function findPrimaryAgain(s: SessionState): void {
  const primary = findPrimary(s);
  if (primary === undefined || primary === s.primary) return;
  s.primary = primary;
  s.lostSinceMs = undefined;
  if (primary.member !== undefined) {
    s.effects.push({ kind: 'primary', slot: primary.slot, replica: primary.member.id });
  }
  startWaiting(s);
  sendAllWaiting(s);
  s.wantFlush();
}
