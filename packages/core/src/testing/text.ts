import { BODY_DIGEST_BYTES, type BodyDigest } from '../model/ids.js';
import type { Request } from '../model/message.js';

/** The requests and states of scenarios are ASCII. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function textOf(bytes: Uint8Array | undefined): string {
  let text = '';
  for (const byte of bytes ?? []) text += String.fromCharCode(byte);
  return text;
}

export const hex32 = (n: number): string => n.toString(16).padStart(32, '0');

/** FNV-1a, for digests of scenario outcomes. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Tells apart the requests of scenarios and of the simulator. Unlike the digest in use it is not cryptographic. */
export function digestBody({ method, message, metadata, ...rest }: Request): BodyDigest {
  let hash = hashText(method);
  for (let i = 0; i < message.length; i++) hash = Math.imul(hash ^ (message[i] as number), 0x01000193);
  hash = hashText(`${hash} ${JSON.stringify([metadata, rest])}`);
  return hash
    .toString(16)
    .padStart(8, '0')
    .repeat(BODY_DIGEST_BYTES / 4) as BodyDigest;
}

/** A text that is too long for a scenario is shown as its length. */
export const short = (text: string): string => (text.length > 80 ? `${text.length}-bytes` : text);
