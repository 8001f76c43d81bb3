/** Names of what handlers do, for the record's list of suspects: the same on every replica and at every successor. */

import type { MessageName } from '../../connection/callers.js';
import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { requestDigest } from '../../model/digest.js';
import type { DueTimer, Request } from '../../model/message.js';
import type { NestedId } from '../../model/nested.js';
import type { Orderable, OrderInfo } from '../../model/order-info.js';
import type { Poisoned } from '../../model/record.js';
import type { HandlerBegin } from '../state/deaths/death-notes.js';
import { nameOf, type ReplicaState } from '../state/replica-state.js';
import { methodOf } from '../streams/streams.js';

export type Description = Pick<Poisoned, 'method' | 'digest'>;

const UNKNOWN: Description = Object.freeze({ method: '', digest: '' });

/**
 * The name of what a handler does at a place in the order; undefined if no handler runs there. Messages are named by
 * their method and bytes, because a client whose message had no order yet sends it again under another number. The step
 * of a handler after a nested call is named by its number, which stays if its order is adopted.
 */
export function suspectName(r: ReplicaState, what: Orderable): string | undefined {
  if (what.kind === 'cancel') return `${what.connection}.${what.stream} cancel`;
  if (what.kind !== 'call') return undefined;
  return requestAt(r, what)?.reply === undefined ? messageName(r, what) : nameOf(what);
}

/** Names a message by its number, because its bytes are not here or it has none. */
export function messageName(r: ReplicaState, name: MessageName): string {
  const { method, digest } = describeMessage(r, name);
  if (digest === '') return nameOf(name);
  const part = r.connections.get(name.connection)?.messages.get(name.seqNum)?.request?.stream;
  // Messages of a stream are often alike, so the position tells them apart: the client sends the stream again from its
  // first message on.
  return part?.kind === 'message' ? `${method} ${digest} at ${part.position}` : `${method} ${digest}`;
}

export const requestAt = (r: ReplicaState, what: Orderable): Request | undefined =>
  what.kind === 'call' ? r.connections.get(what.connection)?.messages.get(what.seqNum)?.request : undefined;

/** The method and the digest by which users recognise what was done at a place in the order. */
export function describeOrder(r: ReplicaState, info: OrderInfo): Description {
  if (info.kind === 'cancel') {
    return { ...UNKNOWN, method: r.connections.get(info.connection)?.streams.get(info.stream)?.method ?? '' };
  }
  if (info.kind !== 'call') return UNKNOWN;
  const from = continuedFrom(requestAt(r, info));
  if (from === undefined) return describeMessage(r, info);
  const { method, digest } = callerAt(r, from) ?? UNKNOWN;
  return { method, digest };
}

/**
 * The place where a handler made the call, or armed the timer, with which it goes on; undefined if this order begins a
 * handler.
 */
export const continuedFrom = (request: Request | undefined): NestedId | undefined =>
  request?.reply?.to ?? (request?.timer?.kind === 'raw' ? request.timer.id : undefined);

/** The message whose handler made a call or armed a timer there; undefined if that is not known any more. */
export function callerAt(r: ReplicaState, { orderNum }: NestedId): HandlerBegin | undefined {
  return r.deaths.callersAt.get(orderNum) ?? callerOf(r, r.order.entries.get(orderNum)?.message);
}

/** The message that began the handler which runs for this message; undefined if it is not known. */
export function callerOf(r: ReplicaState, message: Message | undefined): HandlerBegin | undefined {
  if (message === undefined) return undefined;
  const from = continuedFrom(message.request);
  return from === undefined ? { message, ...describeMessage(r, message) } : r.deaths.callersAt.get(from.orderNum);
}

/** The method and the digest of a message. Its bytes are never shown. */
export function describeMessage(r: ReplicaState, { connection: id, seqNum }: MessageName): Description {
  const connection = r.connections.get(id);
  const request = connection?.messages.get(seqNum)?.request;
  if (connection === undefined || request === undefined || request.reply !== undefined) return UNKNOWN;
  return describeRequest(connection, request);
}

/** The same for a message whose connection and bytes are at hand. */
export function describeRequest(connection: Connection, request: Request): Description {
  const { stream, timer } = request;
  const method = timer === undefined ? methodOf(connection, request) : timerName(timer);
  const kind = stream?.kind ?? 'open';
  return { method, digest: kind === 'open' || kind === 'message' ? contentDigest(method, request) : '' };
}

/** Names a timer by the name that it was registered or armed with, or else by the place where it was armed. */
function timerName(timer: DueTimer): string {
  switch (timer.kind) {
    case 'raw':
      return `timer ${timer.id.orderNum}.${timer.id.index}`;
    case 'after':
      return `after ${timer.name}`;
    case 'every':
      return `every ${timer.name}`;
  }
}

/** Tells apart messages of one method by their bytes. */
const contentDigest = (method: string, { message }: Request): string =>
  requestDigest(method, message).toString(16).padStart(8, '0');
