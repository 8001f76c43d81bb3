/** A session belongs to whoever opened it. */

import type { Connection } from '../../connection/connection.js';
import type { ReplicaState } from '../state/replica-state.js';

/** Who a client says it is, and from where it speaks. */
export interface Speaker {
  readonly peer: string;
  /** What the client has proved to be, as its adapter writes it; undefined if it has proved nothing. */
  readonly identity?: string | undefined;
}

/**
 * Whether a client may speak for a session: it must be the one that opened it here. Its secret it has shown already, or
 * its frame would not name this connection. The log tells of others once for each session.
 */
export function mayUse(r: ReplicaState, connection: Connection, { peer, identity = '' }: Speaker): boolean {
  if (connection.owner === undefined || connection.owner === identity) return true;
  if (!connection.strangerLogged) {
    connection.strangerLogged = true;
    r.log('warn', 'a client spoke for the session of another and was refused', { connection: connection.id, peer });
  }
  return false;
}

export const NOT_YOURS = 'another client opened this session; open one of your own';
