import { maxOf } from '../../model/ids.js';
import type { NestedId } from '../../model/nested.js';
import type { Reply } from '../../model/outcome.js';
import { takeNumber } from '../intake/schedule.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';

const NO_BYTES = new Uint8Array(0);

/** A handler of a replica that does not send called another service. */
export function noteNestedCall(r: ReplicaState, id: NestedId): void {
  r.nested.made(id, false);
  // What is settled need not be kept.
  r.nested.settledUpTo(r.stableUpTo);
}

/** A handler called another service: everything that it reflects becomes stable as soon as may be, then it is sent. */
export function onNestedCall(p: PrimaryState, id: NestedId): void {
  const { r } = p;
  r.nested.made(id, true);
  // Nobody else takes the announcements along: who is called must not know of orders that may be cut.
  p.urgentUpTo = maxOf(p.urgentUpTo, id.orderNum);
  p.localAnnounceUpTo = maxOf(p.localAnnounceUpTo, id.orderNum);
  r.wantFlush();
  sendDue(p);
}

/** Calls that reflect nothing but what is stable leave, from the primary alone. */
export function sendDue(p: PrimaryState): void {
  const { r } = p;
  const { record } = r;
  if (record === undefined || !p.holdsLease()) return;
  for (const id of r.nested.takeDue(r.stableUpTo)) {
    const settledUpTo = r.nested.settledUpTo(r.stableUpTo);
    const client = `${record.group}/${record.origin}`;
    r.effects.push({ kind: 'sendNested', caller: { client, term: r.term, id, settledUpTo } });
  }
}

/** The reply to a call of this group: an ordered message that the primary itself brings in ([0044], [0074]). */
export function onNestedReply(p: PrimaryState, to: NestedId, outcome: Reply): void {
  const { r } = p;
  if (!r.nested.replied(to)) return;
  const connection = r.connections.open(r.group);
  const request = { method: '', message: NO_BYTES, reply: { to, outcome } };
  const message = takeNumber(connection, request);
  message.become('admitted');
  const peer = connection.peer ?? '';
  p.replies.add({
    kind: 'call',
    connection,
    message,
    request,
    peer,
    admission: undefined,
    determinants: undefined,
  });
}
