/** Streaming calls of plain clients: this primary numbers their messages and sends their items to their RPC. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { CallId } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { PlainPart } from '../state/events.js';
import type { PrimaryState } from '../state/primary-state.js';
import { giveUpOpening } from '../streams/parts.js';
import { schedule, takeNumber } from './schedule.js';

const NO_BYTES = new Uint8Array(0);

/** Opens the stream of a plain client. Its items go to its RPC, which lives and dies with this primary. */
export function openPlainStream(
  p: PrimaryState,
  connection: Connection,
  { seqNum, usage }: Message,
  call: CallId,
  method: string,
): void {
  const stream = connection.openStream(seqNum, method, usage);
  stream.delivery.call = call;
  p.streamCalls.set(call, stream);
}

/** The RPC of a stream ended before we sent a status: its handler is told by an ordered cancellation. */
export function plainStreamGone(p: PrimaryState, call: CallId): void {
  const { r } = p;
  const stream = p.streamCalls.get(call);
  if (stream === undefined) return;
  p.streamCalls.delete(call);
  stream.delivery.call = undefined;
  stream.passage.gone = true;
  const connection = r.connections.open(r.plain);
  if (stream.passage.admitted) p.scheduler.add({ kind: 'cancel', connection, stream: stream.id });
  else giveUpOpening(p, connection, stream);
}

/** The RPC of a plain client's stream brought a message, its end or a credit. This primary numbers it. */
export function onPlainPart(p: PrimaryState, call: CallId, part: PlainPart): void {
  const stream = p.streamCalls.get(call);
  if (stream === undefined) return;
  const connection = p.r.connections.open(p.r.plain);
  const { id: of } = stream;
  const position = part.kind === 'taken' ? 0 : ++stream.delivery.arrived;
  const request: Request = {
    method: '',
    message: part.kind === 'message' ? part.message : NO_BYTES,
    stream:
      part.kind === 'taken' ? { kind: 'credit', taken: [{ of, upTo: part.upTo }] } : { kind: part.kind, of, position },
  };
  const message = takeNumber(connection, request, stream.history.usage);
  schedule(p, connection, message, '');
}
