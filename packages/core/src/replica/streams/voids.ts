import type { Connection } from '../../connection/connection.js';
import type { Stream } from '../../connection/stream.js';
import type { SeqNum } from '../../model/ids.js';
import type { Outcome } from '../../model/outcome.js';
import type { ReplicaState } from '../state.js';

/** A message that will never be processed takes its place in the order as that. */
export function voidMessage(r: ReplicaState, connection: Connection, seqNum: SeqNum, outcome: Outcome): void {
  connection.bodies.delete(seqNum);
  connection.queued.add(seqNum);
  r.scheduler.add({ kind: 'void', connection, seqNum, outcome });
}

/** What came of a stream that is over, and has no order yet. */
export function voidEntering(r: ReplicaState, connection: Connection, stream: Stream, outcome: Outcome): void {
  const { entering } = stream;
  stream.entering = undefined;
  voidEarly(r, connection, stream.id, outcome);
  if (entering === undefined) return;
  if (forgetAdmission(r, connection, entering)) voidMessage(r, connection, entering, outcome);
}

/** What waits for others that will not come. */
function voidEarly(r: ReplicaState, connection: Connection, of: SeqNum, outcome: Outcome): void {
  const early = connection.early.get(of);
  connection.early.delete(of);
  for (const seqNum of early?.values() ?? []) voidMessage(r, connection, seqNum, outcome);
}

/** @returns whether interceptors held this message */
export function forgetAdmission(r: ReplicaState, connection: Connection, seqNum: SeqNum): boolean {
  for (const [admission, work] of r.admissions) {
    if (work.kind !== 'call' || work.connection !== connection || work.seqNum !== seqNum) continue;
    r.admissions.delete(admission);
    return true;
  }
  return false;
}
