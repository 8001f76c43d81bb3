import type { Connection } from '../../connection/connection.js';
import type { Stream } from '../../connection/stream.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';

/** There are new items: they pass the user's interceptors first, if there are any. */
export function giveItems(p: PrimaryState, connection: Connection, stream: Stream): void {
  const { r } = p;
  if (!r.admits) {
    offerItems(r, connection, stream);
    return;
  }
  if (stream.awaitsAsk) return;
  const { id, items, opening } = stream;
  const from = Math.max(stream.offeredUpTo, items.base);
  for (let index = from + 1; index <= items.last; index++) {
    const ordered = items.get(index);
    if (ordered === undefined || ordered.passed !== undefined) continue;
    const peer = connection.peer ?? '';
    const { item } = ordered;
    r.effects.push({ kind: 'passItem', connection: connection.id, stream: id, index, item, peer, opening });
  }
  stream.offeredUpTo = items.last;
  offerItems(r, connection, stream);
}

/** There is something to send; whether it may leave is decided when the turn ends. */
export function offerItems(r: ReplicaState, connection: Connection, stream: Stream): void {
  if (stream.call === undefined) connection.session?.streams.add(stream);
  r.wantFlush();
}
