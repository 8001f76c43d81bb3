/** Offers the items of a stream for sending, by way of the user's interceptors if there are any. */

import type { Connection } from '../../connection/connection.js';
import type { Stream } from '../../connection/stream.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';

/** A stream has new items. They pass the user's interceptors first, if there are any. */
export function giveItems(p: PrimaryState, connection: Connection, stream: Stream): void {
  const { r } = p;
  if (!r.admits) {
    offerItems(r, connection, stream);
    return;
  }
  const { id, history, passage } = stream;
  if (passage.awaitsAsk) return;
  const { items, opening } = history;
  const from = Math.max(passage.offeredUpTo, items.base);
  for (let index = from + 1; index <= items.last; index++) {
    const ordered = items.get(index);
    if (ordered === undefined || passage.passed(index) !== undefined) continue;
    const peer = connection.peer ?? '';
    const { item } = ordered;
    r.effects.push({ kind: 'passItem', connection: connection.id, stream: id, index, item, peer, opening });
  }
  passage.offeredUpTo = items.last;
  offerItems(r, connection, stream);
}

/** A stream has something to send. Whether it may leave is decided when the turn ends. */
export function offerItems(r: ReplicaState, connection: Connection, stream: Stream): void {
  if (stream.delivery.call === undefined) connection.session?.streams.add(stream);
  r.wantFlush();
}
