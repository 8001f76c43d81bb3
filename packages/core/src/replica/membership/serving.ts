/**
 * The moment at which a promoted replica becomes primary: it resumes the calls and streams that its predecessor left
 * open.
 */

import { maxOf, minOf, NO_ORDER } from '../../model/ids.js';
import { STREAMED } from '../../model/outcome.js';
import { PrimaryOrder } from '../../ordering/primary-order.js';
import { backlogCopied } from '../checkpoint/backlog.js';
import { endUnused } from '../checkpoint/sending.js';
import { resumeOutstanding, voidUnordered } from '../intake/resume.js';
import { sendDue } from '../nested/nested.js';
import { advanceStable } from '../order/stable.js';
import { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { awaitAsks } from '../streams/intercepted.js';
import { voidEntering } from '../streams/voids.js';
import { startTimers } from '../timers/timers.js';
import { cancelForeignWaits } from '../waiting/given-up.js';
import { setChanged } from './record-changes.js';
import { tellPeers } from './tell.js';

/** The state with which a new primary begins to serve. Everything that was adopted is processed. */
export function newPrimary(r: ReplicaState, before: PrimaryState | undefined): PrimaryState {
  r.stableUpTo = minOf(r.stableUpTo, r.order.last);
  const adopted = r.order.entries.slice(r.stableUpTo, r.order.last).map(({ info }) => info);
  const order = new PrimaryOrder(r.term, r.stableUpTo, adopted, r.config.pendingSourceOrderMax);
  return new PrimaryState(r, order, before);
}

/** Begins to order and to answer calls. */
export function startServing(p: PrimaryState): void {
  const { r } = p;
  p.localAnnounceUpTo = r.order.last;
  p.unstableSinceMs = p.order.pendingSourceOrder.length > 0 ? r.nowMs : Number.POSITIVE_INFINITY;
  r.peers.startTerm(r.nowMs, r.stableUpTo);
  endUnused(p);
  setChanged(r);
  tellPeers(r);
  advanceStable(p);
  cancelForeign(p);
  /* rule foreign-waits-end */ cancelForeignWaits(p);
  endPoisonedStreams(p);
  awaitAsks(p);
  nameWaitingCalls(p);
  resumeConnections(p);
  /* rule nested-sent-again */ r.nested.sendAgain();
  sendDue(p);
  startTimers(p);
  backlogCopied(p, r.checkpoint?.orderNum ?? NO_ORDER);
  p.checkpointDueAt = maxOf(p.checkpointDueAt, r.order.processedUpTo);
  r.wantFlush();
}

/**
 * Cancels streams of plain clients that a predecessor served, because they cannot outlive the RPC to that predecessor.
 */
function cancelForeign(p: PrimaryState): void {
  const { r } = p;
  for (const connection of r.connections.values()) {
    if (connection.kind !== 'plain' || connection.id === r.plain) continue;
    for (const { id } of connection.streams.values()) p.scheduler.add({ kind: 'cancel', connection, stream: id });
  }
}

/**
 * Ends streams of which one message was passed over, because their handlers cannot go on without it: the handler is
 * told, and the client gets the reason.
 */
function endPoisonedStreams(p: PrimaryState): void {
  const { r } = p;
  for (const connection of r.connections.values()) {
    for (const stream of connection.streams.values()) {
      const status = r.deaths.ended.get(stream);
      if (status === undefined || stream.history.ended || stream.history.over) continue;
      stream.history.ended = true;
      p.scheduler.add({ kind: 'cancel', connection, stream: stream.id, end: { status, after: undefined } });
      voidEntering(p, connection, stream, STREAMED);
    }
  }
  r.deaths.ended.clear();
}

/** Lets a retry by idempotency key join a call whose handler still waits. */
function nameWaitingCalls(p: PrimaryState): void {
  for (const message of p.r.unfinished.values()) {
    const { key, nested } = message.request ?? {};
    /* rule key-while-waiting */ if (key !== undefined && nested === undefined) p.keyedRunning.set(key, message);
  }
}

/**
 * Decides about messages without an order. Those that a live session still waits for are ordered afresh. All others are
 * voided, so that a message of a dead client is not executed after another client has taken over its work.
 */
function resumeConnections(p: PrimaryState): void {
  const { r } = p;
  for (const connection of r.connections.values()) {
    const { session, repliesSeenUpTo } = connection;
    connection.coverUpTo(repliesSeenUpTo);
    connection.forgetUnordered(repliesSeenUpTo);
    if (session?.collected !== undefined) {
      resumeOutstanding(p, connection, session.peer);
      continue;
    }
    // A session with a link that seems to be up either says which messages it waits for, or its link breaks.
    if (session?.link === undefined) voidUnordered(p, connection);
  }
}
