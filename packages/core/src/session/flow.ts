/**
 * How many bytes of a session's requests are on their way. Small requests travel together, in order; each large one has
 * a frame of its own that others overtake, and waits until its link has room.
 */

import type { MulticastFrame } from '../model/frames.js';
import type { SeqNum } from '../model/ids.js';
import { bodyBytes, isLarge, LINK_WINDOW_BYTES, type Request } from '../model/message.js';
import type { Bulk } from './open-calls.js';
import type { Link, SessionState } from './state.js';

/** A single request may have this multiple of the budget that replicas keep for a session. */
const SINGLE_FACTOR = 1.25;
/** No link carries a frame of 256 MiB, so no request may be larger than this. */
const REQUEST_MAX_BYTES = 255 * 1024 * 1024;
/** No link carries a frame with more entries of metadata than this. */
const METADATA_MAX = 131_072;
/** The most bytes of calls that may wait for a primary or for room. Further calls fail. */
export const WAITING_MAX_BYTES = 512 * 1024 * 1024;

/**
 * Whether a request may be sent now. Replicas refuse what exceeds `budgets.sessionBytes`: large requests may take half
 * of it, or be one, and small ones a quarter, so that neither waits for the other.
 */
export function hasRoomFor(s: SessionState, request: Request): boolean {
  const { sent, reads, sessionBytes } = s;
  if (!isLarge(request)) return sent.smallBytes + reads.smallBytes < sessionBytes / 4;
  const bytes = sent.largeBytes + reads.largeBytes;
  return bytes === 0 || bytes + bodyBytes(request) <= sessionBytes / 2;
}

/** Why a request can never be sent; undefined if it can. */
export function whyTooLarge(s: SessionState, request: Request): string | undefined {
  const bytes = bodyBytes(request);
  const entries = request.metadata?.length ?? 0;
  if (entries > METADATA_MAX)
    return `a request has ${entries} entries of metadata, at most ${METADATA_MAX}; send fewer`;
  if (bytes > REQUEST_MAX_BYTES)
    return `a request of ${bytes} bytes is more than the 255 MiB that links carry; send less`;
  if (bytes <= SINGLE_FACTOR * s.sessionBytes) return undefined;
  return `a request of ${bytes} bytes is more than 1.25 times budgets.sessionBytes (${s.sessionBytes}); send less, or raise it`;
}

/** Sends the large requests that wait for a link, as far as it has room. */
export function sendBulk(s: SessionState, link: Link): void {
  if (!link.up || link.member === undefined) return;
  while (link.bulk.length > 0 && link.bulkBytes < LINK_WINDOW_BYTES) {
    const bulk = link.bulk.shift();
    if (bulk !== undefined) sendAlone(s, link, bulk);
  }
}

function sendAlone(s: SessionState, link: Link, bulk: Bulk): void {
  const empty = { kind: 'multicast', header: s.header([]), requests: [], reads: [], streams: [] } as const;
  let frame: MulticastFrame;
  let request: Request;
  if ('read' in bulk) {
    const { readId } = bulk.read;
    // The read was answered or given up meanwhile, or has another primary to go to.
    if (link !== s.primary || s.reads.get(readId) !== bulk.read) return;
    request = bulk.read.request;
    frame = { ...empty, reads: [{ readId, request }] };
  } else {
    const { seqNum, awaitStable } = bulk;
    const sent = s.sent.get(seqNum);
    // The other replicas have it, and its order is stable.
    if (sent === undefined) return;
    request = sent.request;
    frame = { ...empty, requests: [{ seqNum, request, awaitStable }] };
  }
  const bytes = bodyBytes(request);
  link.onTheWay.push({ seqNum: 'seqNum' in bulk ? bulk.seqNum : undefined, bytes });
  link.bulkBytes += bytes;
  link.sentAtMs = s.nowMs;
  s.effects.push({ kind: 'send', slot: link.slot, frame, bulk: true });
}

/** A link has passed on its oldest bulk frame. */
export function onSent(s: SessionState, link: Link): void {
  const sent = link.onTheWay.shift();
  if (sent === undefined) return;
  link.bulkBytes -= sent.bytes;
  sendBulk(s, link);
}

/** Whether a request waits for a link or is on its way there, so that it need not be sent again. */
export const isComing = ({ bulk, onTheWay }: Link, seqNum: SeqNum): boolean =>
  onTheWay.some((one) => one.seqNum === seqNum) || bulk.some((one) => 'seqNum' in one && one.seqNum === seqNum);

/** The link is new, or broke: nothing is on its way there. */
export function forgetBulk(link: Link): void {
  link.full = false;
  link.bulk = [];
  link.onTheWay = [];
  link.bulkBytes = 0;
}
