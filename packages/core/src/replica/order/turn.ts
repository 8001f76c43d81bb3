/** Decides what the primary does next: takes the next piece of work, lets it have its place in the order, and starts it. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { assert } from '../../model/assert.js';
import type { Request } from '../../model/message.js';
import type { Determinants, Orderable } from '../../model/order-info.js';
import type { Outcome } from '../../model/outcome.js';
import { ENDED_FOR_COPY } from '../../model/stream.js';
import type { Work } from '../../scheduling/scheduler.js';
import { mayCopy, takeCheckpoint } from '../copying/asking.js';
import { digestIsDue, takeDigest } from '../copying/deciding.js';
import { lateReply } from '../intake/late.js';
import { refusedAsPoison } from '../poison/refuse.js';
import { NOT_READ, postpone, waitsForLink } from '../release/bulk.js';
import { allPassed, isAtRest, needsBase, waitsForOthers } from '../state/base.js';
import { refusedAtTurn } from '../state/budgets.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import type { Started } from '../state/role.js';
import { creditDigests } from '../streams/streams.js';
import { notBeforeMs } from '../timers/timers.js';
import { drains } from './drain.js';
import { append } from './place.js';
import { startRead, waitsForReads } from './reads.js';
import { refuseAtTurn, refuseExpired, refuseRead } from './turned-away.js';

/** How far executing backups may lag behind, in multiples of `unstableMax`, before the primary stops ordering. */
const LAG_FACTOR = 4;
const OTHER: Started = { kind: 'other' };

/** Takes the next piece of work and starts it. @returns undefined if there is none, or nothing may be ordered now */
export function startNext(p: PrimaryState): Started | undefined {
  const { r } = p;
  const isDue = copyIsDue(p);
  if (isDue && copy(p)) return OTHER;
  if (digestIsDue(p)) {
    takeDigest(p);
    return OTHER;
  }
  if (/* rule order-nothing-more */ r.handsOver || !mayOrder(p)) return undefined;
  const waits = (isDue && r.nowMs >= p.copyAgainAtMs && drains(p)) || waitsForReads(p);
  const reply = p.replies.next();
  if (reply !== undefined) return start(p, reply);
  const work = waits ? undefined : p.scheduler.next();
  if (work === undefined) return undefined;
  // Replies, and the refusals among them, go first, so a call that waits for its turn does not count them.
  p.pace.turn(r.nowMs, p.scheduler.size > 0);
  return start(p, work);
}

/** Takes a checkpoint if one is due and nothing stands in its way. @returns whether it does */
export const startCopy = (p: PrimaryState): boolean => copyIsDue(p) && copy(p);

function copyIsDue(p: PrimaryState): boolean {
  // A checkpoint cannot include the local variables of a handler, so it is taken when no stream is open and no handler
  // waits.
  const wanted = mayCopy(p) && /* rule no-streams-in-checkpoint */ p.r.openStreams === 0;
  return wanted || (mayOrder(p) && needsBase(p, p.scheduler.peek()));
}

function copy(p: PrimaryState): boolean {
  const { r } = p;
  if (r.nowMs < p.copyAgainAtMs || /* rule checkpoint-at-rest */ !isAtRest(r) || !allPassed(r)) return false;
  r.nested.drainSinceMs = undefined;
  takeCheckpoint(p);
  return true;
}

/** Whether the primary may order. At these bounds it stops until backups have caught up (DESIGN 5.3). */
export function mayOrder(p: PrimaryState): boolean {
  const { r } = p;
  const { unstableMax, budgets } = r.config;
  const { last } = r.order;
  return (
    last - r.stableUpTo < unstableMax &&
    p.unstableBytes < budgets.totalBytes &&
    p.waiting.length < 2 * unstableMax &&
    last - p.stability.executedUpTo(last) < LAG_FACTOR * unstableMax
  );
}

function start(p: PrimaryState, work: Work): Started {
  const { r } = p;
  switch (work.kind) {
    case 'call': {
      const { connection, message, request, peer, determinants = creditDigests(connection, request) } = work;
      if (hasExpired(r, connection)) {
        refuseExpired(p, work);
        return OTHER;
      }
      const late = /* rule late-not-executed */ lateReply(p, work);
      if (late !== undefined) {
        refuseAtTurn(p, work, late);
        return OTHER;
      }
      if (waitsForLink(p, connection, request)) {
        if (!postpone(p, connection, work)) refuseAtTurn(p, work, NOT_READ);
        return OTHER;
      }
      const refused =
        refusedAtTurn(r, connection, message, request, p.largeMethods.get(request.method) ?? 0) ??
        refusedForCopy(p, request) ??
        refusedAsPoison(r, connection, request);
      if (refused !== undefined) {
        refuseAtTurn(p, work, refused);
        return OTHER;
      }
      const changedPeer = connection.peer !== peer;
      const order = callOrder(r, message, changedPeer ? peer : undefined, determinants);
      append(p, order, connection, message, notBeforeMs(r, request));
      return work;
    }
    case 'void': {
      const { connection, message, outcome } = work;
      if (hasExpired(r, connection)) return OTHER;
      const { seqNum } = message;
      append(p, { connection: connection.id, seqNum, kind: 'void', outcome }, connection, message);
      return OTHER;
    }
    case 'read': {
      const late = lateReply(p, work);
      if (late !== undefined) {
        refuseRead(p, work, late);
        return OTHER;
      }
      if (work.connection !== undefined && waitsForLink(p, work.connection, work.request)) {
        if (!postpone(p, work.connection, work)) refuseRead(p, work, NOT_READ);
        return OTHER;
      }
      startRead(p, work);
      return OTHER;
    }
    case 'cancel': {
      const { connection, stream, end } = work;
      const ending = connection.streams.get(stream);
      if (hasExpired(r, connection)) return OTHER;
      if (ending === undefined) {
        // The call may have ended while this waited for its turn.
        const waits = connection.messages.get(stream)?.stage === 'waiting';
        if (waits) {
          const status = end && { end: { status: end.status, after: end.after ?? 0 } };
          append(p, { connection: connection.id, stream, kind: 'cancel', ...status }, connection, undefined);
        }
        return OTHER;
      }
      // A copy of the state needed this stream to end, but its handler ended it first.
      if (ending.history.over && end?.after === undefined && /* rule cancel-though-over */ end !== undefined) {
        ending.history.ended = false;
        return OTHER;
      }
      const ended = end && { end: { status: end.status, after: end.after ?? ending.seal(r.admits) } };
      append(p, { connection: connection.id, stream, kind: 'cancel', ...ended }, connection, undefined);
      return OTHER;
    }
    case 'expire': {
      const connection = r.connections.get(work.connection);
      // The session came back while this waited for its turn.
      if (connection === undefined || /* rule expire-unless-back */ connection.session !== undefined) return OTHER;
      connection.expiring = true;
      for (const { id, history } of connection.streams.values()) {
        if (/* rule cancel-before-expiry */ !history.opened || history.over) continue;
        append(p, { connection: connection.id, stream: id, kind: 'cancel' }, connection, undefined);
      }
      for (const { seqNum, stage } of connection.messages.values()) {
        if (/* rule waits-end-with-connection */ stage !== 'waiting') continue;
        append(p, { connection: connection.id, stream: seqNum, kind: 'cancel' }, connection, undefined);
      }
      append(p, { connection: work.connection, kind: 'expire' }, connection, undefined);
      return OTHER;
    }
  }
}

function callOrder(
  r: ReplicaState,
  message: Message,
  peer: string | undefined,
  determinants: Determinants | undefined,
): Orderable {
  const { connection, seqNum } = message;
  const body = message.bodyDigest(r.digestBody);
  assert(body !== undefined, () => `message ${seqNum} of ${connection} is ordered without a body`);
  return { kind: 'call', connection, seqNum, body, peer, determinants };
}

/**
 * Whether the connection's records were freed while a message waited in the queue. Such a message gets no order,
 * because no retry of it would be recognised.
 */
const hasExpired = (r: ReplicaState, connection: Connection): boolean =>
  r.connections.get(connection.id) !== connection;

/**
 * @returns the status of a call whose handler would wait for other calls while such handlers are being ended for a copy
 *   of the state; undefined if the call may run
 */
const refusedForCopy = (p: PrimaryState, request: Request): Outcome | undefined =>
  /* rule no-waits-at-backlog */ p.backlogFull && p.r.openStreams > 0 && waitsForOthers(p.r, request)
    ? ENDED_FOR_COPY
    : undefined;
