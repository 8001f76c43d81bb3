/** The end of a session's turn: one frame for each link that has something to carry (FIG. 8), and heartbeats. */

import type { MulticastFrame, ReadRequest, SeqRequest } from '../model/frames.js';
import { maxOf, next, type SeqNum } from '../model/ids.js';
import { isLarge, LINK_WINDOW_BYTES } from '../model/message.js';
import { sendBackupReads } from './backup-reads.js';
import type { Slot } from './events.js';
import { sendBulk } from './flow.js';
import type { Carried } from './open-calls.js';
import { invokeRpcs } from './rpcs.js';
import type { Link, SessionState } from './state.js';
import { sendCredits } from './streams.js';

/** How many heartbeats a link carries within sessionMs if nothing else is sent. */
export const HEARTBEATS_PER_SESSION_MS = 4;
/** Once this many requests or announcements have gathered, they leave without waiting for more. */
const BATCH_MAX = 64;

/**
 * Sends one frame on every link that needs one (FIG. 8). Links that need the same requests and announcements share a
 * frame.
 */
export function flushSession(s: SessionState): void {
  if (s.creditsAtOnce) sendCredits(s);
  s.flushed();
  invokeRpcs(s);
  sendBackupReads(s);
  const reads = takeReads(s);
  const groups: Group[] = [];
  const mayGather = gathers(s);
  let gathering = false;
  for (const link of primaryFirst(s)) {
    if (!link.up || link.member === undefined || link.full) continue;
    const isPrimary = link === s.primary;
    if (mayGather && !isPrimary && mayWait(s, link)) {
      gathering = true;
      continue;
    }
    const key = `${link.sentUpTo}/${link.reflected}`;
    const special =
      link.resend.length > 0 || link.asks.length > 0 || (isPrimary && (reads.length > 0 || s.config.carrier === 'rpc'));
    const known = special ? undefined : groups.find((group) => group.key === key);
    const group = known ?? groupFor(s, link, isPrimary ? reads : [], special ? '' : key);
    if (group === undefined) continue;
    if (known === undefined) groups.push(group);
    group.slots.push(link.slot);
    carried(s, link, group.large);
  }
  for (const { frame, slots } of groups) {
    const [slot] = slots;
    if (slots.length > 1) s.effects.push({ kind: 'multicast', slots, frame });
    else if (slot !== undefined) s.effects.push({ kind: 'send', slot, frame });
  }
  if (s.unseenBytes >= LINK_WINDOW_BYTES) s.unseenBytes = 0;
  for (const link of primaryFirst(s)) sendBulk(s, link);
  if (!gathering) s.reflectSinceMs = Number.POSITIVE_INFINITY;
  s.batchSinceMs = gathering ? (s.batchSinceMs ?? s.nowMs) : undefined;
}

/** The links that need the same requests and announcements. */
interface Group {
  readonly frame: MulticastFrame;
  /** The requests that follow the frame, each in one of its own. */
  readonly large: readonly Carried[];
  readonly key: string;
  readonly slots: Slot[];
}

/** The primary's link comes first, so that replies need not wait until the other frames are written. */
function primaryFirst(s: SessionState): readonly Link[] {
  const { primary, links } = s;
  return primary === undefined || links[0] === primary ? links : [primary, ...links.filter((link) => link !== primary)];
}

/**
 * Whether frames to the backups may gather: no reply waits for them, so the requests of a short time travel in one
 * frame.
 */
function gathers(s: SessionState): boolean {
  if (!s.batches || s.primary === undefined || s.phase !== 'open') return false;
  return s.batchSinceMs === undefined || s.nowMs - s.batchSinceMs < s.settings.batchMs;
}

function mayWait(s: SessionState, link: Link): boolean {
  const requests = s.lastSeqNum - link.sentUpTo;
  const announcements = s.reflect ? s.pendingRemoteOrder.countSince(link.reflected) : 0;
  return requests + announcements > 0 && requests < BATCH_MAX && announcements < BATCH_MAX && link.resend.length === 0;
}

/** The frame's contents for a link; undefined if the link has nothing to carry and no heartbeat is due. */
function groupFor(s: SessionState, link: Link, reads: readonly ReadRequest[], key: string): Group | undefined {
  const { small: requests, large } = requestsFor(s, link);
  const destOrderInfo = /* rule reflect */ s.reflect ? s.pendingRemoteOrder.since(link.reflected) : [];
  const heartbeatDue = s.nowMs - link.sentAtMs >= s.sessionMs / HEARTBEATS_PER_SESSION_MS;
  // A stream may have ended, or been opened under another number, since the link came up.
  const streams = link.asks.filter(({ of }) => s.streamsById.has(of));
  const tellsSeen = s.unseenBytes >= LINK_WINDOW_BYTES;
  const quiet = requests.length + reads.length + destOrderInfo.length + streams.length + large.length === 0;
  if (quiet && !heartbeatDue && !tellsSeen && s.phase !== 'closing') return undefined;
  const frame: MulticastFrame = { kind: 'multicast', header: s.header(destOrderInfo), requests, reads, streams };
  if (large.length === 0) return { frame, large, key, slots: [] };
  return { frame: { ...frame, coming: large.map(({ seqNum }) => seqNum) }, large, key, slots: [] };
}

/** The requests that a link has to carry: small ones, and those that travel alone. */
function requestsFor(s: SessionState, link: Link): { small: SeqRequest[]; large: Carried[] } {
  const small: SeqRequest[] = [];
  const large: Carried[] = [];
  const add = (seqNum: SeqNum, awaitStable: boolean): void => {
    const request = s.sent.get(seqNum)?.request;
    if (request === undefined) return;
    if (isLarge(request)) large.push({ seqNum, awaitStable });
    else small.push({ seqNum, request, awaitStable });
  };
  for (const { seqNum, awaitStable } of link.resend) add(seqNum, awaitStable);
  // With the rpc carrier, the primary gets its requests as RPCs; only backups get them by frame.
  if (s.config.carrier !== 'rpc' || link !== s.primary) {
    const oldest = s.sent.keys().next().value ?? next(s.lastSeqNum);
    for (let seqNum = maxOf(next(link.sentUpTo), oldest); seqNum <= s.lastSeqNum; seqNum = next(seqNum)) {
      if (!link.has.has(seqNum)) add(seqNum, false);
    }
  }
  return { small, large };
}

function carried(s: SessionState, link: Link, large: readonly Carried[]): void {
  if (large.length > 0) link.bulk.push(...large);
  link.sentUpTo = s.lastSeqNum;
  link.reflected = s.pendingRemoteOrder.arrived;
  link.resend = [];
  link.asks = [];
  link.sentAtMs = s.nowMs;
}

function takeReads(s: SessionState): ReadRequest[] {
  if (s.reads.size === 0 || s.primary === undefined) return [];
  const reads: ReadRequest[] = [];
  for (const read of s.reads.values()) {
    if (read.sent || read.backup !== undefined || (s.config.carrier === 'rpc' && !read.byFrame)) continue;
    read.sent = true;
    if (isLarge(read.request)) {
      const { bulk } = s.primary;
      if (!bulk.some((one) => 'read' in one && one.read === read)) bulk.push({ read });
    } else reads.push({ readId: read.readId, request: read.request });
  }
  return reads;
}

/**
 * At a tick: sends heartbeats often enough to keep this session registered, and has announcements reflected in time.
 */
export function heartbeat(s: SessionState): void {
  if (s.batchSinceMs !== undefined) s.wantFlush();
  const everyMs = s.sessionMs / HEARTBEATS_PER_SESSION_MS;
  for (const link of s.links) {
    if (link.up && link.member !== undefined && s.nowMs - link.sentAtMs >= everyMs) s.wantFlush();
  }
  if (s.nowMs - s.reflectSinceMs >= s.settings.nullMessageMs / 2) s.wantFlush();
}
