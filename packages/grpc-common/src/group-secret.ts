/** Derives keys and MACs from the secret that a group's replicas and operators share. */
import { createHmac, hkdfSync } from 'node:crypto';
import { UnderstudyError } from '@understudy/core';

/** A shorter secret could be guessed by an observer of one of its proofs. */
const SECRET_MIN_BYTES = 16;

/** Every use of a secret. Each use has a key of its own, so that no proof can serve elsewhere. */
export type SecretPurpose = 'peer proof' | 'link to dialled' | 'link to dialler' | 'operator proof';

/**
 * The bytes of a secret.
 *
 * @param secret text counts as UTF-8
 * @throws UNDERSTUDY_SETUP if it is shorter than 16 bytes
 */
export function secretBytes(secret: unknown): Buffer {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret;
  if (bytes instanceof Uint8Array && bytes.length >= SECRET_MIN_BYTES) return Buffer.from(bytes);
  throw new UnderstudyError(
    'UNDERSTUDY_SETUP',
    `groupSecret must be a string or Buffer of at least ${SECRET_MIN_BYTES} bytes; make one with: openssl rand -base64 32`,
  );
}

/** A key of 32 bytes for one purpose (HKDF with SHA-256). */
export const derivedKey = (secret: Buffer, purpose: SecretPurpose, salt: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, `understudy 2 ${purpose}`, 32));

/** HMAC-SHA256 over parts, each with its length in front, so that no two lists of parts are one text. */
export function macOf(key: Buffer, parts: readonly (string | Uint8Array)[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    mac.update(length).update(bytes);
  }
  return mac.digest();
}
