/** A client's side of one multicast connection as a pure machine: events in, effects out, nothing else. */

import { settingsDigest } from '../config/client-settings.js';
import { assert, unreachable } from '../model/assert.js';
import { askElsewhere, backupGone } from './backup-reads.js';
import { dropCutRequests, failUnreachable, onCall, onCancel, startWaiting } from './calls.js';
import { askAboutHeld, onReply } from './delivery.js';
import type { SessionEffect, SessionEvent, Slot } from './events.js';
import { forgetBulk, onSent } from './flow.js';
import { findPrimaryAgain, onHeader, onReplyFrame } from './incoming.js';
import { findUnreached, freeTwins } from './members.js';
import { flushSession, heartbeat } from './outgoing.js';
import { type Link, type SessionOptions, SessionState } from './state.js';
import { askAboutHeldItems } from './stream-items.js';
import {
  failUnreachableStreams,
  onOpenStream,
  onStreamCancel,
  onStreamEnd,
  onStreamLeft,
  onStreamMessage,
  onStreamTaken,
  sendCredits,
} from './streams.js';

/** How long a closing session waits for its orders to become stable, in milliseconds. */
const CLOSE_WAIT_MS = 5000;

/**
 * One session. After every `step`, when `wantsFlush` is true, the adapter passes one `flush` at the end of its
 * event-loop turn.
 */
export class Session {
  readonly #state: SessionState;

  constructor(options: SessionOptions) {
    this.#state = new SessionState(options);
  }

  get wantsFlush(): boolean {
    return this.#state.wantsFlush;
  }

  /** Whether frames for the backups are gathering. A `flush` is due at the latest `batchMs` after that began. */
  get wantsBatchFlush(): boolean {
    return this.#state.batchSinceMs !== undefined;
  }

  /** How many requests have their replies here, held until the delivery rule allows them. */
  get heldReplies(): number {
    let replies = 0;
    for (const what of this.#state.held.keys()) if ('seqNum' in what) replies++;
    return replies;
  }

  /** Whether no call is open or waiting. */
  get idle(): boolean {
    const { calls, waiting, streams } = this.#state;
    return calls.size === 0 && waiting.length === 0 && streams.size === 0;
  }

  get status(): { readonly term: number; readonly primary: Slot | undefined; readonly retained: number } {
    return { term: this.#state.term, primary: this.#state.primary?.slot, retained: this.#state.sent.size };
  }

  /**
   * Takes in one event.
   *
   * @param nowMs the adapter's monotonic clock, in milliseconds; it never goes back
   * @returns the effects to carry out; valid until the next step
   */
  step(event: SessionEvent, nowMs: number): readonly SessionEffect[] {
    const s = this.#state;
    assert(nowMs >= s.nowMs, () => `clock went back from ${s.nowMs} to ${nowMs}`);
    s.nowMs = nowMs;
    s.effects = [];
    if (event.kind === 'call' || event.kind === 'openStream' || s.phase !== 'ended') dispatch(s, event);
    if (s.phase === 'closing') endIfSettled(s);
    return s.effects;
  }
}

function dispatch(s: SessionState, event: SessionEvent): void {
  switch (event.kind) {
    case 'call':
      return onCall(s, event.call, event.request, event.readOnly);
    case 'openStream':
      return onOpenStream(s, event.call, event.request, event.nested);
    case 'streamMessage':
      return onStreamMessage(s, event.call, event.message);
    case 'streamEnd':
      return onStreamEnd(s, event.call);
    case 'streamTaken':
      return onStreamTaken(s, event.call, event.upTo);
    case 'cancel':
      return onStreamCancel(s, event.call) ? undefined : onCancel(s, event.call);
    case 'leaveStream':
      return onStreamLeft(s, event.call);
    case 'slotAdded':
      return s.addSlot();
    case 'linkUp':
      return onLinkUp(s, linkOf(s, event.slot));
    case 'linkDown':
      return onLinkDown(s, linkOf(s, event.slot));
    case 'frame':
      return onReplyFrame(s, linkOf(s, event.slot), event.frame);
    case 'sent':
      return onSent(s, linkOf(s, event.slot));
    case 'linkRoom':
      linkOf(s, event.slot).full = event.full;
      return event.full ? undefined : s.wantFlush();
    case 'rpcReply':
      return onRpcReply(s, event);
    case 'rpcBroken':
      return onRpcBroken(s, event.call, event.unsuited);
    case 'tick':
      return tick(s);
    case 'flush':
      return flushSession(s);
    case 'close':
      return close(s);
    default:
      return unreachable(event, 'session event');
  }
}

function linkOf(s: SessionState, slot: Slot): Link {
  const link = s.links[slot];
  assert(link !== undefined, () => `no slot ${slot}`);
  return link;
}

function onLinkUp(s: SessionState, link: Link): void {
  link.up = true;
  link.member = undefined;
  forgetBulk(link);
  link.resend = [];
  link.asks = [];
  link.sentAtMs = s.nowMs;
  s.effects.push({
    kind: 'send',
    slot: link.slot,
    frame: {
      kind: 'hello',
      group: s.config.group,
      connection: s.connection,
      settings: settingsDigest(s.settings),
      fresh: s.lastSeqNum === 0,
      term: s.term,
      repliesSeenUpTo: s.repliesSeenUpTo,
      sentAtMs: s.nowMs,
      ...(s.wallClock && { wallMs: Math.floor(s.wallClock()) }),
    },
  });
}

function onLinkDown(s: SessionState, link: Link): void {
  link.up = false;
  link.member = undefined;
  freeTwins(s, link);
  forgetBulk(link);
  backupGone(s, link);
  if (s.primary !== link) return;
  s.primary = undefined;
  s.lostSinceMs ??= s.nowMs;
  findPrimaryAgain(s);
}

function onRpcReply(s: SessionState, { call, header, outcome }: Extract<SessionEvent, { kind: 'rpcReply' }>): void {
  const what = s.calls.get(call);
  if (!onHeader(s, undefined, header.header)) {
    onRpcBroken(s, call);
    return;
  }
  if (what === undefined) return;
  onReply(s, what, outcome, header.stable, header.orderNum);
  startWaiting(s);
}

/**
 * An RPC broke: its call goes to the primary again with the next tick. The primary recognises it if it was ordered
 * already.
 */
function onRpcBroken(s: SessionState, call: Parameters<SessionState['calls']['get']>[0], unsuited = false): void {
  const what = s.calls.get(call);
  if (what === undefined) return;
  if (unsuited) what.byFrame = true;
  if ('readId' in what) what.sent = false;
  else what.invoked = false;
}

function tick(s: SessionState): void {
  dropCutRequests(s);
  heartbeat(s);
  findUnreached(s);
  askAboutHeld(s);
  askElsewhere(s);
  askAboutHeldItems(s);
  failUnreachableStreams(s);
  failUnreachable(s);
  sendCredits(s);
  if (s.config.carrier === 'rpc') invokeAgain(s);
}

function invokeAgain(s: SessionState): void {
  for (const what of s.calls.values()) {
    if ('readId' in what ? !what.sent : !what.invoked) s.wantFlush();
  }
}

function close(s: SessionState): void {
  if (s.phase !== 'open') return;
  s.phase = 'closing';
  s.closingSinceMs = s.nowMs;
  s.wantFlush();
}

/** Deregisters once every order that this session holds or caused is stable, or after a bounded time. */
function endIfSettled(s: SessionState): void {
  const idle = s.calls.size === 0 && s.waiting.length === 0 && s.streams.size === 0;
  const settled = idle && s.sent.size === 0 && s.pendingRemoteOrder.size === 0;
  if (/* rule settle-before-close */ !settled && s.nowMs - s.closingSinceMs < CLOSE_WAIT_MS) return;
  for (const { up, member, slot } of s.links) {
    if (up && member !== undefined) s.effects.push({ kind: 'send', slot, frame: { kind: 'goodbye' } });
  }
  s.phase = 'ended';
  s.flushed();
  s.effects.push({ kind: 'ended', clean: settled });
}
