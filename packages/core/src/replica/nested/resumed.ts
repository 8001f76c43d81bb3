/**
 * Streams that other groups open as nested calls. A group opens such a stream again when its primary changed: the stream
 * then goes on for the new opening, whichever connection that came on.
 */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { requestDigest } from '../../model/digest.js';
import type { SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { NESTED_GONE, type Outcome, STREAMED } from '../../model/outcome.js';
import type { ReplicaState } from '../state/replica-state.js';
import { dropStream, isNestedOpening } from '../streams/streams.js';

/**
 * A message is about to be processed that may open a stream for the second time.
 *
 * @returns the outcome of the message if no handler is to be started for it
 */
export function openedBefore(
  r: ReplicaState,
  connection: Connection,
  message: Message,
  request: Request,
): Outcome | undefined {
  if (!isNestedOpening(connection, request)) return undefined;
  const { callers } = r.connections;
  const { nested, method } = request;
  const standing = callers.beginStream(nested, requestDigest(method, request.message), message);
  freeSettled(r);
  switch (standing.kind) {
    case 'new':
      return undefined;
    case 'refused':
      dropOpened(r, connection, message);
      return standing.outcome;
    case 'opened': {
      const from = r.connections.get(standing.by.connection);
      const former = from?.streams.get(standing.by.seqNum);
      if (from !== undefined && former?.history.opened) {
        moveStream(r, from, former.id, connection, message, nested.received ?? 0);
        return STREAMED;
      }
      dropOpened(r, connection, message);
      return standing.outcome ?? NESTED_GONE;
    }
  }
}

/** Moves a stream to another connection, with its items, its handler and the position that the handler has reached. */
function moveStream(
  r: ReplicaState,
  from: Connection,
  id: SeqNum,
  to: Connection,
  { seqNum, request }: Message,
  received: number,
): void {
  const former = from.streams.get(id);
  if (former === undefined) return;
  const stream = to.openStream(seqNum, former.method);
  stream.continueFrom(former, to.usage, received);
  if (r.admits) stream.history.opening = request;
  r.effects.push({
    kind: 'streamMoved',
    from: { connection: from.id, stream: id },
    to: { connection: to.id, stream: seqNum },
  });
  r.deaths.moveEnded(former, stream);
  from.closeStream(former);
  from.session?.streams.delete(former);
  r.role.streamDropped(from, former);
  r.role.itemSent(to, stream);
}

/** Drops an opening that opens nothing, because the stream that it names is known already. */
function dropOpened(r: ReplicaState, connection: Connection, { seqNum }: Message): void {
  dropStream(r, connection, seqNum);
}

/** Whether a group has opened streams on this connection that may be opened again. */
export function hasNestedStreams({ streams }: Connection): boolean {
  for (const { history } of streams.values()) if (history.caller !== undefined) return true;
  return false;
}

/** Frees the records of streams whose groups have every item for good. */
export function freeSettled(r: ReplicaState): void {
  for (const { connection: id, seqNum } of r.connections.callers.takeSettledStreams()) {
    const connection = r.connections.get(id);
    if (connection !== undefined) dropStream(r, connection, seqNum);
  }
}
