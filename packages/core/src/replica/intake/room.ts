/** Room for sessions: which newcomer is refused at the bound, and which silent session makes room. */

import { addressOf } from '../../connection/client-session.js';
import type { Connection } from '../../connection/connection.js';
import type { ReplicaState } from '../state/replica-state.js';

/** The part of all sessions that one HTTP/2 connection may have, so that no single one shuts out all others. */
const CONNECTION_PART = 1 / 2;
/** The part of all sessions that all connections of one address together may have. */
const ADDRESS_PART = 3 / 4;

/**
 * Whether a client that has no session here is refused. At the bound, a session whose client is silent and has no link
 * makes room: it cannot deliver anything, and its replies are kept as before.
 *
 * @param end ends a session
 * @returns the sentence that tells the client why; undefined if there is room
 */
export function refusedNewcomer(
  r: ReplicaState,
  peer: string,
  end: (r: ReplicaState, connection: Connection) => void,
): string | undefined {
  const { sessionsMax } = r.config;
  const full = refusalOf(r, peer);
  if (full === undefined) return undefined;
  const silent = longestSilent(r);
  if (silent === undefined) return `${full}; sessionsMax is ${sessionsMax}`;
  end(r, silent);
  return refusedNewcomer(r, peer, end);
}

function refusalOf(r: ReplicaState, peer: string): string | undefined {
  const { sessionsMax } = r.config;
  if (r.connections.sessions >= sessionsMax) return `this replica serves ${sessionsMax} sessions already`;
  // Far from the bound no client takes another one's room.
  if (r.connections.sessions < sessionsMax * CONNECTION_PART) return undefined;
  const address = addressOf(peer);
  let ofConnection = 0;
  let ofAddress = 0;
  for (const { session } of r.connections.values()) {
    if (session === undefined) continue;
    if (session.peer === peer) ofConnection++;
    if (addressOf(session.peer) === address) ofAddress++;
  }
  if (ofConnection >= Math.ceil(sessionsMax * CONNECTION_PART) && sessionsMax > 1)
    return `this connection has ${ofConnection} sessions here already`;
  if (ofAddress >= Math.ceil(sessionsMax * ADDRESS_PART) && sessionsMax > 1)
    return `this address has ${ofAddress} sessions here already`;
  return undefined;
}

/** The session that has been silent longest, among those that have no link and that no replica relies on. */
function longestSilent(r: ReplicaState): Connection | undefined {
  let longest: Connection | undefined;
  let sinceMs = Number.POSITIVE_INFINITY;
  for (const connection of r.connections.values()) {
    const { session } = connection;
    if (session === undefined || session.link !== undefined || session.registered) continue;
    if (session.lastHeardMs >= sinceMs) continue;
    longest = connection;
    sinceMs = session.lastHeardMs;
  }
  return longest;
}
