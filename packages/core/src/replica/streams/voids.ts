/** Voids messages that will never be processed: each takes its place in the order as a void. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import type { SeqNum } from '../../model/ids.js';
import type { Outcome } from '../../model/outcome.js';
import type { PrimaryState } from '../state/primary-state.js';

/** Schedules a void for a message that will never be processed. */
export function voidMessage(p: PrimaryState, connection: Connection, message: Message, outcome: Outcome): void {
  message.become('voiding');
  message.request = undefined;
  p.scheduler.add({ kind: 'void', connection, message, outcome });
}

/** Voids the messages of a stream that is over and that have no order yet. */
export function voidEntering(p: PrimaryState, connection: Connection, stream: Stream, outcome: Outcome): void {
  const { entering } = stream.passage;
  stream.passage.entering = undefined;
  voidHeld(p, connection, stream.id, outcome);
  if (entering === undefined) return;
  if (forgetAdmission(p, entering)) voidMessage(p, connection, entering, outcome);
}

/** Voids the messages that are held for earlier ones, which will not come. */
export function voidHeld(p: PrimaryState, connection: Connection, of: SeqNum, outcome: Outcome): void {
  const held = connection.held.get(of);
  connection.held.delete(of);
  for (const message of held?.values() ?? []) voidMessage(p, connection, message, outcome);
}

/** Forgets that a message is with the interceptors. @returns whether it was */
export function forgetAdmission(p: PrimaryState, message: Message): boolean {
  for (const [admission, work] of p.admissions) {
    if (work.kind !== 'call' || work.message !== message) continue;
    p.admissions.delete(admission);
    return true;
  }
  return false;
}
