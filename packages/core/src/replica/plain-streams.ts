import type { Connection } from '../connection/connection.js';
import type { CallId, SeqNum } from '../ids.js';
import type { PlainPart } from './events.js';
import { numberPlain, schedule } from './requests.js';
import type { ReplicaState } from './state.js';

const NO_BYTES = new Uint8Array(0);

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

export function onPlainPart(r: ReplicaState, call: CallId, part: PlainPart): void {
  const stream = r.streamCalls.get(call);
  if (stream === undefined || !r.isPrimary) return;
  const connection = r.connections.open(r.plain);
  const { id: of } = stream;
  const position = part.kind === 'taken' ? 0 : ++stream.arrived;
  const message = part.kind === 'message' ? part.message : NO_BYTES;
  const seqNum = numberPlain(r, connection, {
    method: '',
    message,
    stream:
      part.kind === 'taken' ? { kind: 'credit', taken: [{ of, upTo: part.upTo }] } : { kind: part.kind, of, position },
  });
  schedule(r, connection, seqNum, '');
}

/** Its RPC ended without a status of ours: the handler is told, in order. */
export function plainStreamGone(r: ReplicaState, call: CallId): void {
  const stream = r.streamCalls.get(call);
  if (stream === undefined) return;
  r.streamCalls.delete(call);
  stream.call = undefined;
  stream.gone = true;
  if (r.isPrimary && stream.admitted)
    r.scheduler.add({ kind: 'cancel', connection: r.connections.open(r.plain), stream: stream.id });
}
