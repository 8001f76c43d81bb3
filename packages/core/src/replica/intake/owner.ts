/** A session belongs to the client that opened it. */

import type { Connection } from '../../connection/connection.js';
import type { ReplicaState } from '../state/replica-state.js';

/** The client that speaks: the identity that it claims, and the address that it speaks from. */
export interface Speaker {
  readonly peer: string;
  /** The identity that the client has proved, as its adapter writes it; undefined if it has proved none. */
  readonly identity?: string | undefined;
}

/**
 * Whether a client may speak for a session: only the client that opened it here may. It has shown the session's secret
 * already, or its frame would not name this connection. The log reports other clients once for each session.
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
