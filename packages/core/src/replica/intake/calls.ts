/** Calls that arrive as RPCs: those of plain clients, and those of sessions where RPCs are the carrier. */

import { addressOf } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { ErrorCode } from '../../model/error.js';
import type { CallId } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { VOIDED } from '../../model/outcome.js';
import { answerUnordered } from '../release/replies.js';
import { overBudget } from '../state/budgets.js';
import type { EventOf } from '../state/events.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { giveUp } from '../waiting/given-up.js';
import { onRequest, seeReplies } from './bodies.js';
import { onKeyedCall } from './keyed.js';
import { patienceOf, TOO_LATE, wouldBeLate } from './late.js';
import { illegalHeader } from './legal.js';
import { mayUse, NOT_YOURS } from './owner.js';
import { openPlainStream, plainStreamGone } from './plain-streams.js';
import { admit, schedule, takeNumber } from './schedule.js';
import { hasRoom, QUEUE_FULL } from './shedding.js';

/** Clients choose what they name as a method, so no more of it goes into the log. */
const METHOD_LOGGED_MAX = 200;

/** Ends an RPC with an error, and tells it who the primary is where that helps. */
export function failCall(r: ReplicaState, call: CallId, code: ErrorCode, reason: string): void {
  const primary = code === 'UNDERSTUDY_NOT_PRIMARY' && r.role.namesPrimary ? primaryAddress(r) : undefined;
  r.effects.push({ kind: 'failCall', call, code, reason, ...(primary !== undefined && { primary }) });
}

export const primaryAddress = ({ record }: ReplicaState): string | undefined => record?.addresses[record.primary.id];

/** An RPC reached a replica that cannot answer it. The call had no effect. */
export function refuseCall(r: ReplicaState, call: CallId): void {
  failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'this replica is not the primary; nothing was done');
}

/**
 * A read reached the primary, from a session or from a plain client. Whether a method is a read is for the group to say:
 * a session whose settings say otherwise is told that nothing was done, and sends the call again with a place in the
 * order.
 */
export function onRead(
  p: PrimaryState,
  connection: Connection | undefined,
  readId: number,
  call: CallId | undefined,
  request: Request,
  peer: string,
): void {
  const { r } = p;
  if (/* rule reads-by-settings */ connection !== undefined && !isRead(r, request)) {
    noteMisread(r, connection, request);
    answerUnordered(p, { connection, call, readId }, VOIDED);
    return;
  }
  const mustBeStable =
    connection === undefined || request.nested !== undefined || r.settings(request.method).release === 'acknowledged';
  if (connection !== undefined && wouldBeLate(p, connection, request)) {
    answerUnordered(p, { connection, call, readId }, TOO_LATE);
    return;
  }
  const patience = patienceOf(p, connection, request);
  admit(p, { kind: 'read', connection, readId, call, request, peer, admission: undefined, mustBeStable, ...patience });
}

const isRead = (r: ReplicaState, { method, stream, reply }: Request): boolean =>
  r.isReadOnly(method) && stream === undefined && reply === undefined;

function noteMisread(r: ReplicaState, connection: Connection, { method }: Request): void {
  if (connection.misreads) return;
  connection.misreads = true;
  const fields = { connection: connection.id, method: method.slice(0, METHOD_LOGGED_MAX) };
  r.log('warn', 'a call that a client sent as a read is no read in this group; it is ordered instead', fields);
}

/** A plain client's call (DESIGN 5.13). */
export function onPlainCall(p: PrimaryState, event: EventOf<'plainCall'>): void {
  const { r } = p;
  const { call, peer, readOnly, request } = event;
  if (r.handsOver) {
    refuseCall(r, call);
    return;
  }
  if (!hasRoom(p, event)) {
    failCall(r, call, 'UNDERSTUDY_OVERLOADED', QUEUE_FULL);
    return;
  }
  const plain = r.connections.open(r.plain);
  const share = plain.shareOf(addressOf(peer));
  const over = overBudget(r, plain, { share });
  if (over !== undefined) {
    failCall(r, call, 'UNDERSTUDY_OVERLOADED', `${over}; nothing was done`);
    return;
  }
  if (wouldBeLate(p, readOnly ? undefined : plain, request)) {
    r.effects.push({ kind: 'answerCall', call, outcome: TOO_LATE });
    return;
  }
  if (readOnly) {
    onRead(p, undefined, 0, call, request, peer);
    return;
  }
  if (request.nested === undefined && request.key !== undefined) {
    onKeyedCall(p, { call, peer, request, key: request.key });
    return;
  }
  const message = takeNumber(plain, request, share);
  message.addWaiter(call);
  if (request.stream !== undefined) openPlainStream(p, plain, message, call, request.method);
  schedule(p, plain, message, peer);
}

/**
 * A session's call that travels as an RPC of its own reached a replica that serves or is about to.
 *
 * @param read takes the call if it is read-only
 */
export function onRpcCall(r: ReplicaState, event: EventOf<'rpcCall'>, read: (connection: Connection) => void): void {
  const { call, peer, request, header } = event;
  if (r.connections.hasExpired(header.connection)) {
    failCall(r, call, 'UNDERSTUDY_SESSION_EXPIRED', 'the records of this connection were freed');
    return;
  }
  const connection = r.connections.get(header.connection);
  if (connection?.session === undefined) {
    failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'this session has no link to this replica yet');
    return;
  }
  if (/* rule rpc-of-its-session */ !mayUse(r, connection, event)) {
    failCall(r, call, 'UNDERSTUDY_NOT_OWNER', NOT_YOURS);
    return;
  }
  const illegal = illegalHeader(header);
  if (illegal !== undefined) {
    failCall(r, call, 'UNDERSTUDY_MALFORMED', illegal);
    return;
  }
  seeReplies(r, connection, header.header.repliesSeenUpTo);
  if (header.seqNum === 0) {
    read(connection);
    return;
  }
  if (header.seqNum <= connection.repliesSeenUpTo || !connection.withinWindow(header.seqNum)) {
    failCall(r, call, 'UNDERSTUDY_MALFORMED', `seqNum ${header.seqNum} is outside the window of its connection`);
    return;
  }
  onRequest(r, connection, header.seqNum, request, peer, { awaitStable: header.awaitStable, call });
}

/** The caller of an RPC is gone. Nobody waits for the reply any more, but an ordered message still runs to its end. */
export function onCallGone(p: PrimaryState, call: CallId): void {
  const { r } = p;
  plainStreamGone(p, call);
  p.waiting = p.waiting.filter((reply) => reply.to.kind !== 'call' || reply.to.call !== call);
  for (const connection of r.connections.values()) {
    for (const message of connection.messages.values()) {
      const { waiters } = message;
      const index = waiters?.indexOf(call) ?? -1;
      if (waiters === undefined || index < 0) continue;
      waiters.splice(index, 1);
      connection.forgetIfUnwanted(message);
      const { key, nested } = message.request ?? {};
      if (connection.kind === 'plain' && key === undefined && nested === undefined) giveUp(p, connection, message);
      return;
    }
  }
}

/** This replica stops being primary: every caller that still waits on an RPC is told so. */
export function failWaiters(p: PrimaryState): void {
  const { r } = p;
  for (const call of p.streamCalls.keys()) failOrdered(r, call, false);
  for (const { to } of p.waiting) if (to.kind === 'call') failOrdered(r, to.call, to.withHeader);
  for (const connection of r.connections.values()) {
    for (const { order, stage, waiters } of connection.messages.values()) {
      // A message whose handler waits was ordered, even if the log no longer has its entry.
      const ordered = order !== undefined || /* rule waiting-is-ordered */ stage === 'waiting';
      for (const call of waiters ?? []) {
        if (ordered) failOrdered(r, call, connection.kind === 'session');
        else failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'another replica is primary; nothing was done');
      }
    }
  }
  const reads = [...p.reads.values()].map(({ work }) => work);
  p.reads.clear();
  for (const work of p.scheduler.drain()) if (work.kind === 'read') reads.push(work);
  for (const { call } of reads) {
    if (call !== undefined) failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'another replica is primary; nothing was done');
  }
}

/**
 * Ends the RPC of an ordered call. A session asks the new primary, which knows the outcome. A plain client cannot ask,
 * so it is told that the outcome is unknown.
 */
function failOrdered(r: ReplicaState, call: Parameters<typeof failCall>[1], session: boolean): void {
  if (session) failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'another replica is primary');
  else failCall(r, call, 'UNDERSTUDY_INDETERMINATE', 'the primary changed; the call may have taken effect');
}
