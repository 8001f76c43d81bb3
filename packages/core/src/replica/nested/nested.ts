/** Nested calls of this group: sent once everything they reflect is stable, answered by an ordered message. */

import { maxOf } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { NestedId } from '../../model/nested.js';
import type { Reply } from '../../model/outcome.js';
import { takeNumber } from '../intake/schedule.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';

const NO_BYTES = new Uint8Array(0);

/** A handler called another service on a replica that is not the primary and so does not send the call. */
export function noteNestedCall(r: ReplicaState, id: NestedId): void {
  r.nested.made(id, false);
  // Forgets calls that are settled.
  r.nested.settledUpTo(r.stableUpTo);
}

/** A handler called another service on the primary. The call is sent when every order it reflects is stable. */
export function onNestedCall(p: PrimaryState, id: NestedId): void {
  const { r } = p;
  r.nested.made(id, true);
  // The callee must not learn of orders that may be cut, so clients do not carry these announcements: they go straight
  // to the backups, at once.
  p.urgentUpTo = maxOf(p.urgentUpTo, id.orderNum);
  p.localAnnounceUpTo = maxOf(p.localAnnounceUpTo, id.orderNum);
  r.wantFlush();
  sendDue(p);
}

/** The primary sends the calls that reflect only stable orders, if it holds the lease. */
export function sendDue(p: PrimaryState): void {
  const { r } = p;
  const { record } = r;
  if (record === undefined || !p.holdsLease()) return;
  for (const { id, again } of r.nested.takeDue(r.stableUpTo)) {
    const settledUpTo = r.nested.settledUpTo(r.stableUpTo);
    const client = `${record.group}/${record.origin}`;
    r.effects.push({ kind: 'sendNested', caller: { client, term: r.term, id, settledUpTo }, again });
  }
}

/**
 * The reply to a nested call of this group arrived. It becomes an ordered message that the primary itself numbers
 * ([0044], [0074]).
 */
export function onNestedReply(p: PrimaryState, to: NestedId, outcome: Reply): void {
  const { r } = p;
  if (!r.nested.replied(to)) return;
  addOwn(p, { method: '', message: NO_BYTES, reply: { to, outcome } });
}

/** Queues a message that the group itself sends, and that the primary numbers. */
export function addOwn(p: PrimaryState, request: Request): void {
  const { r } = p;
  const connection = r.connections.open(r.group);
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
