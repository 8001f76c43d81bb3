import { isAbandoned, isVoided, type Outcome } from '../message.js';
import { CLOCK_DRIFT } from '../replica/state.js';
import { sameMember } from '../replica/transitions.js';
import { settle, startAgain } from './calls.js';
import type { Held, Read, Sent, SessionState } from './state.js';

/** A reply held back for this long is asked for again, to be released only when it is stable. */
const ASK_AFTER_MS = 20;

/**
 * The delivery rule of DESIGN 5.1: every in-sync replica acknowledged a heartbeat that this session sent within
 * sessionMs. Only then is it certain that a promotion would have waited for what this session holds.
 */
export function mayDeliver(s: SessionState): boolean {
  const withinMs = s.sessionMs * (1 - CLOCK_DRIFT);
  return s.view.inSync.every((member) => {
    const link = s.links.find((other) => other.member !== undefined && sameMember(other.member, member));
    return link !== undefined && s.nowMs - link.ackedMs < withinMs;
  });
}

export function onReply(s: SessionState, what: Sent | Read, outcome: Outcome, stable: boolean): void {
  if (stable && 'seqNum' in what) what.stable = true;
  if (stable || mayDeliver(s)) deliver(s, what, outcome);
  else s.held.push({ to: what, outcome, sinceMs: s.nowMs, asked: false });
}

function deliver(s: SessionState, what: Sent | Read, outcome: Outcome): void {
  if ('seqNum' in what && isVoided(outcome)) {
    startAgain(s, what);
    return;
  }
  const call = settle(s, what);
  if (call !== undefined && !isAbandoned(outcome)) s.effects.push({ kind: 'deliver', call, outcome });
}

/** Heartbeats were acknowledged: replies that were held back may go. */
export function deliverHeld(s: SessionState): void {
  if (s.held.length === 0 || !mayDeliver(s)) return;
  const held = s.held;
  s.held = [];
  for (const { to, outcome } of held) if (isWaitedFor(s, to)) deliver(s, to, outcome);
}

/** Replies of an older term are never delivered: the new primary answers again. */
export function dropHeld(s: SessionState): void {
  s.held = [];
}

/** Held for too long: the present primary is asked. */
export function askAboutHeld(s: SessionState): void {
  const { primary } = s;
  if (primary === undefined || s.held.length === 0) return;
  const keep: Held[] = [];
  for (const held of s.held) {
    if (!isWaitedFor(s, held.to)) continue;
    if (s.nowMs - held.sinceMs < ASK_AFTER_MS || held.asked) {
      keep.push(held);
      continue;
    }
    if ('readId' in held.to) {
      held.to.sent = false;
    } else {
      held.asked = true;
      primary.resend.push({ seqNum: held.to.seqNum, awaitStable: true });
      keep.push(held);
    }
    s.wantsFlush = true;
  }
  s.held = keep;
}

const isWaitedFor = (s: SessionState, what: Sent | Read): boolean =>
  'readId' in what ? s.reads.has(what.readId) : !what.answered;
