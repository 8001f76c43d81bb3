import { maxOf, minOf, NO_ORDER } from '../../model/ids.js';
import { PrimaryOrder } from '../../ordering/primary-order.js';
import { backlogCopied } from '../checkpoint/backlog.js';
import { resumeOutstanding, voidUnordered } from '../intake/resume.js';
import { sendDue } from '../nested/nested.js';
import { advanceStable } from '../order/stable.js';
import { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { awaitAsks } from '../streams/intercepted.js';
import { setChanged } from './record-changes.js';
import { tellPeers } from './tell.js';

/** What a new primary knows when it begins to serve. Everything that was adopted is processed. */
export function newPrimary(r: ReplicaState, before: PrimaryState | undefined): PrimaryState {
  r.stableUpTo = minOf(r.stableUpTo, r.order.last);
  const adopted = r.order.entries.slice(r.stableUpTo, r.order.last).map(({ info }) => info);
  const order = new PrimaryOrder(r.term, r.stableUpTo, adopted, r.config.pendingSourceOrderMax);
  return new PrimaryState(r, order, before);
}

/** Begins to order and to answer. */
export function startServing(p: PrimaryState): void {
  const { r } = p;
  p.localAnnounceUpTo = r.order.last;
  p.unstableSinceMs = p.order.pendingSourceOrder.length > 0 ? r.nowMs : Number.POSITIVE_INFINITY;
  r.peers.startTerm(r.nowMs, r.stableUpTo);
  setChanged(r);
  tellPeers(r);
  advanceStable(p);
  cancelForeign(p);
  awaitAsks(p);
  nameWaitingCalls(p);
  resumeConnections(p);
  /* rule nested-sent-again */ r.nested.sendAgain();
  sendDue(p);
  backlogCopied(p, r.checkpoint?.orderNum ?? NO_ORDER);
  p.checkpointDueAt = maxOf(p.checkpointDueAt, r.order.processedUpTo);
  r.wantFlush();
}

/** Streams of clients without our interceptor do not outlive the primary that their RPC went to. */
function cancelForeign(p: PrimaryState): void {
  const { r } = p;
  for (const connection of r.connections.values()) {
    if (connection.kind !== 'plain' || connection.id === r.plain) continue;
    for (const { id } of connection.streams.values()) p.scheduler.add({ kind: 'cancel', connection, stream: id });
  }
}

/** A retry of a call whose handler still waits joins it. */
function nameWaitingCalls(p: PrimaryState): void {
  for (const message of p.r.unfinished.values()) {
    const { key, nested } = message.request ?? {};
    /* rule key-while-waiting */ if (key !== undefined && nested === undefined) p.keyedRunning.set(key, message);
  }
}

/**
 * Messages without an order: those that a live session says are outstanding are ordered afresh; all others are voided,
 * so that nothing a dead client sent is executed behind the back of whoever took over from it.
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
    // Its stream is up, as far as this replica knows: it tells what it waits for, or its stream ends.
    if (session?.link === undefined) voidUnordered(p, connection);
  }
}
