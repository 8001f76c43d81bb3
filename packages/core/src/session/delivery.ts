/** The delivery rule of DESIGN 5.1: the application gets a reply only if no promotion can lose its order. */

import { CLOCK_DRIFT } from '../config/clock.js';
import { ORDER_NUM_KEY } from '../model/error.js';
import type { OrderNum } from '../model/ids.js';
import { LINK_WINDOW_BYTES } from '../model/message.js';
import { type Outcome, type Reply, replyBytes, replyOf } from '../model/outcome.js';
import { sameMember } from '../record/transitions.js';
import { notePlace, settle, startAgain } from './calls.js';
import type { Read, Sent } from './open-calls.js';
import type { SessionState } from './state.js';
import { onPartReply } from './streams.js';

/** A reply that is held back this long, in milliseconds, is requested again, to be released only when stable. */
export const ASK_AFTER_MS = 20;

/**
 * Whether an unstable reply may be delivered: every in-sync replica acknowledged a heartbeat that this session sent
 * within sessionMs. Only then would a promotion certainly have waited for the orders that this session holds.
 */
export function mayDeliver(s: SessionState): boolean {
  const withinMs = s.sessionMs * (1 - CLOCK_DRIFT);
  return s.view.inSync.every((member) => {
    const link = s.links.find((other) => other.member !== undefined && sameMember(other.member, member));
    return link !== undefined && s.nowMs - link.ackedMs < withinMs;
  });
}

/**
 * A reply came: it is delivered, or held until the delivery rule allows it.
 *
 * @param orderNum the request's place, if that is not stable yet
 */
export function onReply(
  s: SessionState,
  what: Sent | Read,
  outcome: Outcome,
  stable: boolean,
  orderNum: OrderNum,
): void {
  if ('seqNum' in what) notePlace(s, what, stable, orderNum);
  if (stable || /* rule delivery-in-time */ mayDeliver(s)) deliver(s, what, outcome);
  else if (!s.held.has(what)) s.held.set(what, { outcome, sinceMs: s.nowMs, asked: false });
}

/** @param reflects the last order that the answer of a backup reflects */
export function deliver(s: SessionState, what: Sent | Read, outcome: Outcome, reflects?: OrderNum): void {
  if ('seqNum' in what && what.request.stream !== undefined) {
    onPartReply(s, what, outcome);
    return;
  }
  if (outcome.kind === 'voided') {
    startAgain(s, what);
    return;
  }
  s.unseenBytes += replyBytes(outcome);
  if (s.unseenBytes >= LINK_WINDOW_BYTES) s.wantFlush();
  const call = settle(s, what);
  if (call === undefined || outcome.kind === 'abandoned') return;
  const reply = replyOf(outcome);
  const told = reflects === undefined ? reply : withTrailer(reply, ORDER_NUM_KEY, String(reflects));
  s.effects.push({ kind: 'deliver', call, reply: told });
}

const withTrailer = (reply: Reply, key: string, value: string): Reply => ({
  ...reply,
  trailers: [...(reply.trailers ?? []), [key, value]],
});

/** Heartbeats were acknowledged: delivers held replies if the rule allows it now. */
export function deliverHeld(s: SessionState): void {
  if (s.held.size === 0 || !mayDeliver(s)) return;
  const held = [...s.held];
  s.held.clear();
  for (const [what, { outcome }] of held) if (isWaitedFor(s, what)) deliver(s, what, outcome);
}

/** Drops held replies of an older term. The new primary answers again. */
export function dropHeld(s: SessionState): void {
  s.held.clear();
}

/** The primary has a new link. Requests made on the old one may be lost, so they are repeated. */
export function askHeldAgain(s: SessionState): void {
  for (const held of s.held.values()) held.asked = false;
}

/** Asks the present primary once for replies that were held for too long. */
export function askAboutHeld(s: SessionState): void {
  const { primary } = s;
  if (primary === undefined) return;
  for (const [what, held] of s.held) {
    if (!isWaitedFor(s, what)) {
      s.held.delete(what);
      continue;
    }
    if (s.nowMs - held.sinceMs < ASK_AFTER_MS || held.asked) continue;
    if ('readId' in what) {
      s.held.delete(what);
      what.sent = false;
    } else {
      /* rule asked-once */ held.asked = true;
      primary.resend.push({ seqNum: what.seqNum, awaitStable: true });
    }
    s.wantFlush();
  }
}

const isWaitedFor = (s: SessionState, what: Sent | Read): boolean =>
  'readId' in what ? s.reads.has(what.readId) : !what.answered;
