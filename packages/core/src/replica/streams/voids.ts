import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import type { SeqNum } from '../../model/ids.js';
import type { Outcome } from '../../model/outcome.js';
import type { ReplicaState } from '../state.js';

/** A message that will never be processed takes its place in the order as that. */
export function voidMessage(r: ReplicaState, connection: Connection, message: Message, outcome: Outcome): void {
  message.become('voiding');
  message.request = undefined;
  r.scheduler.add({ kind: 'void', connection, message, outcome });
}

/** What came of a stream that is over, and has no order yet. */
export function voidEntering(r: ReplicaState, connection: Connection, stream: Stream, outcome: Outcome): void {
  const { entering } = stream;
  stream.entering = undefined;
  voidHeld(r, connection, stream.id, outcome);
  if (entering === undefined) return;
  if (forgetAdmission(r, entering)) voidMessage(r, connection, entering, outcome);
}

/** What waits for others that will not come. */
function voidHeld(r: ReplicaState, connection: Connection, of: SeqNum, outcome: Outcome): void {
  const held = connection.held.get(of);
  connection.held.delete(of);
  for (const message of held?.values() ?? []) voidMessage(r, connection, message, outcome);
}

/** @returns whether interceptors held this message */
export function forgetAdmission(r: ReplicaState, message: Message): boolean {
  for (const [admission, work] of r.admissions) {
    if (work.kind !== 'call' || work.message !== message) continue;
    r.admissions.delete(admission);
    return true;
  }
  return false;
}
