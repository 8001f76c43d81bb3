import { maxOf } from '../../model/ids.js';
import type { NestedId } from '../../model/nested.js';
import type { Reply } from '../../model/outcome.js';
import { takeNumber } from '../intake/requests.js';
import type { ReplicaState } from '../state.js';

const NO_BYTES = new Uint8Array(0);

/** A handler called another service: everything that it reflects becomes stable as soon as may be, then it is sent. */
export function onNestedCall(r: ReplicaState, id: NestedId): void {
  r.nested.made(id, r.isPrimary);
  if (!r.isPrimary) {
    // What is settled need not be kept.
    r.nested.settledUpTo(r.stableUpTo);
    return;
  }
  // Nobody else takes the announcements along: who is called must not know of orders that may be cut.
  r.urgentUpTo = maxOf(r.urgentUpTo, id.orderNum);
  r.localAnnounceUpTo = maxOf(r.localAnnounceUpTo, id.orderNum);
  r.wantsFlush = true;
  sendDue(r);
}

/** Calls that reflect nothing but what is stable leave, from the primary alone. */
export function sendDue(r: ReplicaState): void {
  const { record } = r;
  if (!r.isPrimary || record === undefined || !r.holdsLease()) return;
  for (const id of r.nested.takeDue(r.stableUpTo)) {
    const settledUpTo = r.nested.settledUpTo(r.stableUpTo);
    const client = `${record.group}/${record.origin}`;
    r.effects.push({ kind: 'sendNested', caller: { client, term: r.term, id, settledUpTo } });
  }
}

/** The reply to a call of this group: an ordered message that the primary itself brings in ([0044], [0074]). */
export function onNestedReply(r: ReplicaState, to: NestedId, outcome: Reply): void {
  if (!r.isPrimary || !r.nested.replied(to)) return;
  const connection = r.connections.open(r.group);
  const request = { method: '', message: NO_BYTES, reply: { to, outcome } };
  const message = takeNumber(connection, request);
  message.become('admitted');
  const peer = connection.peer ?? '';
  r.replies.add({
    kind: 'call',
    connection,
    message,
    request,
    peer,
    admission: undefined,
    determinants: undefined,
  });
}
