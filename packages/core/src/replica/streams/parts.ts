/** Brings the parts of a stream into the order of their positions before they are ordered. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import type { SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { STREAMED, UNKNOWN_STREAM, VOIDED } from '../../model/outcome.js';
import type { StreamPart } from '../../model/stream.js';
import type { PrimaryState } from '../state/primary-state.js';
import { dropStream } from './streams.js';
import { forgetAdmission, voidMessage } from './voids.js';

/**
 * Whether a part of a stream may be ordered now. If earlier parts are missing, it is held, and scheduling them leads
 * here again. If its stream is gone for good, or the part came too late, it is voided.
 */
export function mayOrderPart(
  p: PrimaryState,
  connection: Connection,
  message: Message,
  request: Request,
  peer: string,
): boolean {
  const { stream: part } = request;
  if (part === undefined || part.kind === 'credit') return true;
  if (part.kind === 'open') {
    const stream = connection.openStream(message.seqNum, request.method);
    stream.passage.admitted = !p.r.admits && !p.isDraining;
    if (/* rule drain-backlog */ !p.isDraining) return true;
    message.become('queued');
    p.setAside.set(stream, { connection, peer });
    return false;
  }
  // The same part may be held already from an earlier attempt.
  connection.held.get(part.of)?.delete(positionOf(part));
  const stream = connection.streams.get(part.of);
  if (stream === undefined) {
    const called = connection.messages.get(part.of);
    if (part.kind === 'cancel' && called?.request !== undefined && called.request.stream === undefined) {
      // The call's handler is told once it waits. Until then it is unknown whether it will.
      if (called.stage === 'waiting') return true;
      if (called.stage === 'ordered' || called.isUnordered) {
        called.cancelHeld = true;
        hold(connection, part, message);
        return false;
      }
    }
    const comesYet = connection.messages.get(part.of)?.isUnordered || !connection.knows(part.of);
    if (comesYet) hold(connection, part, message);
    else voidMessage(p, connection, message, UNKNOWN_STREAM);
    return false;
  }
  if (!stream.passage.admitted) {
    if (part.kind === 'cancel' && giveUpOpening(p, connection, stream)) voidMessage(p, connection, message, VOIDED);
    else hold(connection, part, message);
    return false;
  }
  if (part.kind === 'cancel') return true;
  if (stream.history.ended) {
    voidMessage(p, connection, message, STREAMED);
    return false;
  }
  if (
    /* rule ordered-by-position */ part.position > stream.history.nextPosition ||
    stream.passage.entering !== undefined
  ) {
    hold(connection, part, message);
    return false;
  }
  if (part.position < stream.history.nextPosition) {
    voidMessage(p, connection, message, STREAMED);
    return false;
  }
  stream.history.nextPosition++;
  return true;
}

/** A cancellation has position 0, since it may go ahead of every other part. */
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

/**
 * Gives up a stream whose client left while its opening waited for interceptors or for other streams to end. The stream
 * never had an effect and never will.
 *
 * @returns false if the opening waits for neither
 */
export function giveUpOpening(p: PrimaryState, connection: Connection, stream: Stream): boolean {
  const opening = connection.message(stream.id);
  if (!p.setAside.has(stream) && !forgetAdmission(p, opening)) return false;
  dropStream(p.r, connection, stream.id);
  voidMessage(p, connection, opening, VOIDED);
  return true;
}
