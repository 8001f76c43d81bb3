/**
 * The secret of a session, from which its connection follows. The connection travels in every order, and whoever knows
 * only that cannot speak for the session. The client that made the secret needs no replica to remember it.
 */
import { hash } from 'node:crypto';
import { type ConnectionId, connectionId } from '@understudy/core/internal';
import { malformed, unencodable } from '../bytes/failure.js';
import { ID_BYTES } from '../bytes/layout.js';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';

/** How many random bytes the secret of a session has. */
export const SECRET_BYTES = 32;

/** The connection of the session with this secret: the first 16 bytes of the secret's SHA-256. */
export function connectionOf(secret: Uint8Array): ConnectionId<'session'> {
  return connectionId('session', hash('sha256', secret, 'hex').slice(0, 2 * ID_BYTES));
}

export function writeSecret(w: Writer, secret: Uint8Array): void {
  if (secret.length !== SECRET_BYTES) unencodable(`a session's secret of ${secret.length} bytes`);
  w.bytes(secret);
}

/** Reads a secret, and returns the connection that follows from it. The secret itself goes no further. */
export function readSecret(r: Reader): ConnectionId<'session'> {
  const secret = r.bytes();
  if (secret.length !== SECRET_BYTES) malformed(`the secret of a session has ${SECRET_BYTES} bytes`);
  return connectionOf(secret);
}
