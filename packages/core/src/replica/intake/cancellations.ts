/** Cancellations of unary calls that reached the primary before anybody knew whether the handlers would wait. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import { UNKNOWN_STREAM } from '../../model/outcome.js';
import type { PrimaryState } from '../state/primary-state.js';
import { voidHeld } from '../streams/voids.js';
import { schedule } from './schedule.js';

/**
 * The handler of a call has ended or waits. If the client gave the call up before, the cancellation is ordered now, or
 * came too late.
 */
export function cancelHeld(p: PrimaryState, connection: Connection, message: Message): void {
  const { seqNum, stage } = message;
  if (stage !== 'waiting') {
    if (message.cancelHeld) voidHeld(p, connection, seqNum, UNKNOWN_STREAM);
    return;
  }
  if (message.givenUp) p.scheduler.add({ kind: 'cancel', connection, stream: seqNum });
  if (!message.cancelHeld) return;
  message.cancelHeld = false;
  const held = connection.held.get(seqNum);
  connection.held.delete(seqNum);
  const peer = connection.session?.peer ?? connection.peer ?? '';
  /* rule cancel-once-it-waits */ held?.forEach((cancel) => {
    schedule(p, connection, cancel, peer);
  });
}
