/** Sends a backup the orders and bodies that it says it lacks. */

import type { NackFrame } from '../../model/frames.js';
import { type ConnectionId, maxOf, minOf, type SeqNum } from '../../model/ids.js';
import { type Body, bodyBytes, isLarge, type Request } from '../../model/message.js';
import type { Member } from '../../model/record.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';

/**
 * How many bytes of bodies a backup is sent again before it holds more or a lease has passed. It asks again until it
 * has them, and bodies that are already on their way would fill the link, which is cut when its queue is full. Large
 * bodies wait for room on the link instead.
 */
const RESENT_MAX_BYTES = 8 * 1024 * 1024;

/** A backup asked for missing orders or bodies. */
export function onNack(p: PrimaryState, from: Member, frame: NackFrame): void {
  const { r } = p;
  const peer = r.peers.get(from.id);
  if (peer === undefined || frame.term !== r.term) return;
  if (frame.ordersAfter !== undefined) {
    peer.announcedUpTo = minOf(peer.announcedUpTo, maxOf(frame.ordersAfter, peer.heldUpTo));
    p.localAnnounceUpTo = r.order.last;
    r.wantFlush();
  }
  const bodies: Body[] = [];
  if (peer.heldUpTo > peer.resentAt || r.nowMs - peer.resentMs >= r.config.leaseMs) {
    peer.resentBytes = 0;
    peer.resentAt = peer.heldUpTo;
    peer.resentMs = r.nowMs;
  }
  for (const { connection, seqNum } of frame.bodies) {
    if (peer.resentBytes >= RESENT_MAX_BYTES) break;
    const request = findBody(r, connection, seqNum);
    if (request === undefined) continue;
    if (isLarge(request)) {
      peer.bulk.add({ connection, seqNum, request }, undefined, r.nowMs);
      r.wantFlush();
      continue;
    }
    bodies.push({ connection, seqNum, request });
    peer.resentBytes += bodyBytes(request);
  }
  if (bodies.length > 0) r.effects.push({ kind: 'sendToPeer', peer: from.id, frame: { kind: 'bodies', bodies } });
}

/**
 * Finds a body with its connection, or else in the log: a backup may lack a body although the records of the body's
 * connection were freed meanwhile.
 */
function findBody(r: ReplicaState, id: ConnectionId, seqNum: SeqNum): Request | undefined {
  const body = r.connections.get(id)?.messages.get(seqNum)?.request;
  if (body !== undefined) return body;
  const unstable = /* rule bodies-from-log */ r.order.entries.slice(r.stableUpTo, r.order.last);
  const entry = unstable.find(({ message }) => message?.connection === id && message.seqNum === seqNum);
  return entry?.message?.request;
}
