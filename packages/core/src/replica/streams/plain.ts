import type { CallId } from '../../model/ids.js';
import type { PlainPart } from '../events.js';
import { schedule, takeNumber } from '../intake/requests.js';
import type { ReplicaState } from '../state.js';

const NO_BYTES = new Uint8Array(0);

/** What the RPC of a streaming call without our interceptor brings: this primary numbers it. */
export function onPlainPart(r: ReplicaState, call: CallId, part: PlainPart): void {
  const stream = r.streamCalls.get(call);
  if (stream === undefined || !r.isPrimary) return;
  const connection = r.connections.open(r.plain);
  const { id: of } = stream;
  const position = part.kind === 'taken' ? 0 : ++stream.arrived;
  const bytes = part.kind === 'message' ? part.message : NO_BYTES;
  const message = takeNumber(connection, {
    method: '',
    message: bytes,
    stream:
      part.kind === 'taken' ? { kind: 'credit', taken: [{ of, upTo: part.upTo }] } : { kind: part.kind, of, position },
  });
  schedule(r, connection, message, '');
}
