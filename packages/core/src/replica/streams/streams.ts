import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import { assert } from '../../model/assert.js';
import type { CallId, ConnectionId, OrderNum, SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { STREAMED, UNKNOWN_STREAM, VOIDED } from '../../model/outcome.js';
import { STREAM_CREDITS_MAX, type StreamOutput, type StreamPart } from '../../model/stream.js';
import type { Determinants, OrderInfo } from '../../ordering/order-info.js';
import type { Entry } from '../order/message-order.js';
import type { ReplicaState } from '../state.js';
import { forgetAdmission, voidEntering, voidMessage } from './voids.js';

/** What a stream's end looks like to its handler, whoever ended it. */
export const cancelRequest = (of: SeqNum): Request => ({
  method: '',
  message: NO_BYTES,
  stream: { kind: 'cancel', of },
});
const NO_BYTES = new Uint8Array(0);

/** The method that a message belongs to; what follows in a stream does not name it. */
export const methodOf = (connection: Connection, request: Request): string => {
  const { stream } = request;
  if (stream === undefined || stream.kind === 'open' || stream.kind === 'credit') return request.method;
  return connection.streams.get(stream.of)?.method ?? request.method;
};

/**
 * Whether a message of a stream may be ordered now. One that came before others that precede it waits until these lead
 * here again; one whose stream is not, and will not be, is voided.
 */
export function mayOrderPart(
  r: ReplicaState,
  connection: Connection,
  message: Message,
  request: Request,
  peer: string,
): boolean {
  const { stream: part } = request;
  if (part === undefined || part.kind === 'credit') return true;
  if (part.kind === 'open') {
    const stream = connection.openStream(message.seqNum, request.method);
    stream.admitted = !r.admits && !r.isDraining;
    if (/* rule drain-backlog */ !r.isDraining) return true;
    message.become('queued');
    r.setAside.set(stream, { connection, peer });
    return false;
  }
  // It may wait already, and be asked for once more.
  connection.held.get(part.of)?.delete(positionOf(part));
  const stream = connection.streams.get(part.of);
  if (stream === undefined) {
    const comesYet = connection.messages.get(part.of)?.isUnordered || !connection.knows(part.of);
    if (comesYet) hold(connection, part, message);
    else voidMessage(r, connection, message, UNKNOWN_STREAM);
    return false;
  }
  if (!stream.admitted) {
    if (part.kind === 'cancel' && giveUpOpening(r, connection, stream)) voidMessage(r, connection, message, VOIDED);
    else hold(connection, part, message);
    return false;
  }
  if (part.kind === 'cancel') return true;
  if (stream.ended) {
    voidMessage(r, connection, message, STREAMED);
    return false;
  }
  if (/* rule ordered-by-position */ part.position > stream.nextPosition || stream.entering !== undefined) {
    hold(connection, part, message);
    return false;
  }
  if (part.position < stream.nextPosition) {
    voidMessage(r, connection, message, STREAMED);
    return false;
  }
  stream.nextPosition++;
  return true;
}

/** Position 0: a cancellation may come before anything. */
const positionOf = (part: StreamPart): number => ('position' in part ? part.position : 0);

function hold(connection: Connection, part: Extract<StreamPart, { of: SeqNum }>, message: Message): void {
  let held = connection.held.get(part.of);
  if (held === undefined) {
    held = new Map();
    connection.held.set(part.of, held);
  }
  held.set(positionOf(part), message);
  if (message.stage !== 'held') message.become('held');
}

/** Its client is gone while its opening waits for interceptors, or for others to end: it never had and never will have effect. */
function giveUpOpening(r: ReplicaState, connection: Connection, stream: Stream): boolean {
  const opening = connection.message(stream.id);
  if (!r.setAside.has(stream) && !forgetAdmission(r, opening)) return false;
  dropStream(r, connection, stream.id);
  voidMessage(r, connection, opening, VOIDED);
  return true;
}

/** The handler is about to get a message: its stream is known from here on, on every replica. */
export function beginPart(r: ReplicaState, connection: Connection, message: Message): void {
  const { request, seqNum } = message;
  if (request?.stream?.kind !== 'open') return;
  const stream = connection.openStream(seqNum, request.method);
  assert(!stream.opened, () => `stream ${seqNum} is opened twice`);
  stream.opened = true;
  if (r.admits) stream.opening = request;
  r.openStreams++;
  r.hadStreams = true;
}

/** A message of a stream was processed: its place, or what its client has taken. */
export function partProcessed(r: ReplicaState, connection: Connection, { info, message }: Entry): void {
  const part = message?.request?.stream;
  switch (part?.kind) {
    case undefined:
    case 'open':
      return;
    case 'message':
    case 'end': {
      const stream = connection.streams.get(part.of);
      if (stream !== undefined && stream.nextPosition <= part.position) stream.nextPosition = part.position + 1;
      return;
    }
    case 'cancel':
      dropStream(r, connection, part.of);
      return;
    case 'credit':
      part.taken.forEach(({ of, upTo }, i) => {
        const stream = connection.streams.get(of);
        if (stream === undefined) return;
        if (!r.isPrimary && !isExpected(stream, upTo, info, i)) diverge(r, info.orderNum);
        stream.take(upTo);
        if (stream.done) dropStream(r, connection, of);
      });
  }
}

/**
 * What the primary's handlers had sent up to the items that were taken: a digest for each stream, in the determinants of
 * the order. So replicas compare what clients saw, however late their own handlers are.
 */
export function creditDigests(connection: Connection, { stream: part }: Request): Determinants | undefined {
  if (part?.kind !== 'credit' || part.taken.length > STREAM_CREDITS_MAX) return undefined;
  return { kind: 'itemDigests', digests: part.taken.map(({ of, upTo }) => connection.streams.get(of)?.digestAt(upTo)) };
}

function isExpected(stream: Stream, upTo: number, info: OrderInfo, i: number): boolean {
  if (info.kind !== 'call' || info.determinants?.kind !== 'itemDigests') return true;
  const digest = info.determinants.digests[i];
  return digest === undefined || stream.expect(upTo, digest);
}

/** Nobody will hear anything of it any more. */
export function dropStream(r: ReplicaState, connection: Connection, of: SeqNum): void {
  const stream = connection.streams.get(of);
  if (stream === undefined) return;
  if (stream.opened && !stream.over) r.openStreams--;
  connection.streams.delete(of);
  r.setAside.delete(stream);
  connection.session?.streams.delete(stream);
  if (r.isPrimary) voidEntering(r, connection, stream, UNKNOWN_STREAM);
  if (r.isPrimary && r.admits) r.effects.push({ kind: 'streamGone', connection: connection.id, stream: of });
  if (stream.call !== undefined) r.streamCalls.delete(stream.call);
}

/** A connection ends: a handler that is later here than it was at the primary has nobody to speak to. */
export function dropStreams(r: ReplicaState, id: ConnectionId): void {
  const connection = r.connections.get(id);
  if (connection === undefined) return;
  for (const of of connection.streams.keys()) dropStream(r, connection, of);
}

/** Items go to their streams, in whatever order their handlers' messages had. */
export function keepOutputs(r: ReplicaState, orderNum: OrderNum, outputs: readonly StreamOutput[]): void {
  for (const { connection: id, stream: of, item, digest } of outputs) {
    const connection = r.connections.get(id);
    const stream = connection?.streams.get(of);
    if (connection === undefined || stream === undefined || stream.over) continue;
    if (item.kind === 'window') {
      if (item.upTo > stream.handledUpTo) stream.handledUpTo = item.upTo;
      if (r.isPrimary) offerItems(r, connection, stream);
      continue;
    }
    if (!stream.append(orderNum, item, digest)) diverge(r, orderNum);
    if (stream.over) r.openStreams--;
    if (stream.done) dropStream(r, connection, of);
    else if (r.isPrimary) giveItems(r, connection, stream);
  }
}

/** What this replica computed is not what the primary did (DESIGN 5.10, 7.7). */
export function diverge(r: ReplicaState, orderNum: OrderNum, fields: { readonly stuckForMs?: number } = {}): void {
  if (r.divergedAt !== undefined) return;
  r.divergedAt = orderNum;
  r.log('error', 'UNDERSTUDY_DIVERGED', { orderNum, ...fields });
  r.ackDue = true;
  r.wantsFlush = true;
}

/** There are new items: they pass the user's interceptors first, if there are any. */
export function giveItems(r: ReplicaState, connection: Connection, stream: Stream): void {
  if (!r.admits) {
    offerItems(r, connection, stream);
    return;
  }
  if (stream.awaitsAsk) return;
  const { id, items, opening } = stream;
  const from = Math.max(stream.offeredUpTo, items.base);
  for (let index = from + 1; index <= items.last; index++) {
    const ordered = items.get(index);
    if (ordered === undefined || ordered.passed !== undefined) continue;
    const peer = connection.peer ?? '';
    const { item } = ordered;
    r.effects.push({ kind: 'passItem', connection: connection.id, stream: id, index, item, peer, opening });
  }
  stream.offeredUpTo = items.last;
  offerItems(r, connection, stream);
}

/** There is something to send; whether it may leave is decided when the turn ends. */
export function offerItems(r: ReplicaState, connection: Connection, stream: Stream): void {
  if (stream.call === undefined) connection.session?.streams.add(stream);
  r.wantsFlush = true;
}

/** A streaming call without our interceptor: its items go to its RPC, which lives and dies with this primary. */
export function openPlainStream(
  r: ReplicaState,
  connection: Connection,
  seqNum: SeqNum,
  call: CallId,
  method: string,
): void {
  const stream = connection.openStream(seqNum, method);
  stream.call = call;
  r.streamCalls.set(call, stream);
}

/** Its RPC ended without a status of ours: the handler is told, in order. */
export function plainStreamGone(r: ReplicaState, call: CallId): void {
  const stream = r.streamCalls.get(call);
  if (stream === undefined) return;
  r.streamCalls.delete(call);
  stream.call = undefined;
  stream.gone = true;
  if (!r.isPrimary) return;
  const connection = r.connections.open(r.plain);
  if (stream.admitted) r.scheduler.add({ kind: 'cancel', connection, stream: stream.id });
  else giveUpOpening(r, connection, stream);
}
