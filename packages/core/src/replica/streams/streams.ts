/** The life of streams on every replica: opened, advanced, credited and dropped by the same orders everywhere. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import { assert } from '../../model/assert.js';
import type { ConnectionId, OrderNum, SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { Determinants, OrderInfo } from '../../model/order-info.js';
import { NESTED_GONE, type Reply, replyOf } from '../../model/outcome.js';
import { STREAM_CREDITS_MAX, type StreamOutput } from '../../model/stream.js';
import type { Entry } from '../state/message-order.js';
import type { ReplicaState } from '../state/replica-state.js';

/** The request that tells a handler of its stream's cancellation, whichever side ended the stream. */
export const cancelRequest = (of: SeqNum): Request => ({
  method: '',
  message: NO_BYTES,
  stream: { kind: 'cancel', of },
});
const NO_BYTES = new Uint8Array(0);

/** The method that a message belongs to. Later parts of a stream do not name it, so the stream does. */
export const methodOf = (connection: Connection, request: Request): string => {
  const { stream } = request;
  if (stream === undefined || stream.kind === 'open' || stream.kind === 'credit') return request.method;
  // A successor may not have opened the stream yet, and its opening names the method then.
  const opening = connection.messages.get(stream.of)?.request;
  return connection.streams.get(stream.of)?.method ?? /* rule name-by-opening */ opening?.method ?? request.method;
};

/** The handler is about to get a message. If it opens a stream, every replica knows the stream from here on. */
export function beginPart(r: ReplicaState, connection: Connection, message: Message): void {
  const { request, seqNum } = message;
  if (request?.stream?.kind !== 'open') return;
  const stream = connection.openStream(seqNum, request.method);
  assert(!stream.history.opened, () => `stream ${seqNum} is opened twice`);
  stream.history.opened = true;
  if (r.admits) stream.history.opening = request;
  if (isNestedOpening(connection, request)) stream.history.caller = request.nested;
  r.openStreams++;
  r.hadStreams = true;
}

/** A part of a stream was processed: its position is used, or items that the client took are freed. */
export function partProcessed(r: ReplicaState, connection: Connection, { info, message }: Entry): void {
  const part = message?.request?.stream;
  switch (part?.kind) {
    case undefined:
    case 'open':
      return;
    case 'message':
    case 'end': {
      const stream = connection.streams.get(part.of);
      if (stream === undefined) return;
      const { history } = stream;
      if (history.processedUpTo < part.position) history.processedUpTo = part.position;
      if (history.nextPosition <= part.position) history.nextPosition = part.position + 1;
      return;
    }
    case 'cancel':
      dropStream(r, connection, part.of);
      return;
    case 'credit':
      part.taken.forEach(({ of, upTo }, i) => {
        const stream = connection.streams.get(of);
        if (stream === undefined) return;
        if (r.role.comparesItems && !isExpected(stream, upTo, info, i)) {
          r.role.diverged(info.orderNum, stream.method);
        }
        stream.take(upTo);
        if (stream.done) dropStream(r, connection, of);
      });
  }
}

/**
 * For each stream in a credit, the primary's digest of the items up to the taken one. The digests become determinants
 * of the order, so replicas compare what clients saw, however late their own handlers are.
 */
export function creditDigests(connection: Connection, { stream: part }: Request): Determinants | undefined {
  if (part?.kind !== 'credit' || part.taken.length > STREAM_CREDITS_MAX) return undefined;
  return {
    kind: 'itemDigests',
    digests: part.taken.map(({ of, upTo }) => connection.streams.get(of)?.history.digestAt(upTo)),
  };
}

function isExpected(stream: Stream, upTo: number, info: OrderInfo, i: number): boolean {
  if (info.kind !== 'call' || info.determinants?.kind !== 'itemDigests') return true;
  const digest = info.determinants.digests[i];
  return digest === undefined || stream.history.expect(upTo, digest);
}

type NestedOpening = Request & Required<Pick<Request, 'nested' | 'stream'>>;

/** Whether a group opens a stream as a nested call. Clients without our interceptor open streams of their own only. */
export const isNestedOpening = ({ kind }: Connection, request: Request | undefined): request is NestedOpening =>
  kind === 'session' && request?.nested !== undefined && request.stream?.kind === 'open';

/**
 * A stream that a group opened has ended. If the group opens it again, it gets the items that it lacks, or this
 * outcome.
 */
export function noteNestedEnd(r: ReplicaState, connection: Connection, stream: Stream, outcome: Reply): void {
  const { caller } = stream.history;
  if (caller !== undefined)
    r.connections.callers.finish(caller, { connection: connection.id, seqNum: stream.id }, outcome);
}

/** Forgets a stream. Its client hears nothing more of it. */
export function dropStream(r: ReplicaState, connection: Connection, of: SeqNum): void {
  const stream = connection.streams.get(of);
  if (stream === undefined) return;
  if (stream.history.opened && !stream.history.over) r.openStreams--;
  noteNestedEnd(r, connection, stream, NESTED_GONE);
  connection.closeStream(stream);
  connection.session?.streams.delete(stream);
  r.role.streamDropped(connection, stream);
}

/**
 * A connection ends: its streams are forgotten. A handler that is slower here than at the primary has no client left.
 */
export function dropStreams(r: ReplicaState, id: ConnectionId): void {
  const connection = r.connections.get(id);
  if (connection === undefined) return;
  for (const of of connection.streams.keys()) dropStream(r, connection, of);
}

/** Keeps the items that handlers sent, each with its stream, in the order in which the handlers sent them. */
export function keepOutputs(r: ReplicaState, orderNum: OrderNum, outputs: readonly StreamOutput[]): void {
  for (const { connection: id, stream: of, item, digest } of outputs) {
    const connection = r.connections.get(id);
    const stream = connection?.streams.get(of);
    if (connection === undefined || stream === undefined || stream.history.over) continue;
    if (item.kind === 'window') {
      if (item.upTo > stream.history.handledUpTo) stream.history.handledUpTo = item.upTo;
      r.role.windowMoved(connection, stream);
      continue;
    }
    if (!stream.append(orderNum, item, digest)) r.role.diverged(orderNum, stream.method);
    if (stream.history.over) r.openStreams--;
    if (item.kind === 'status') noteNestedEnd(r, connection, stream, replyOf(item.outcome));
    if (stream.done) dropStream(r, connection, of);
    else r.role.itemSent(connection, stream);
  }
}
