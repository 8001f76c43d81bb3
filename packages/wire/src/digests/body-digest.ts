/** The digest by which an order names its body. */
import { createHash, hash } from 'node:crypto';
import { BODY_DIGEST_BYTES, type BodyDigest, type Request } from '@understudy/core/internal';
import { Kind } from '../bytes/layout.js';
import { APART_MIN_BYTES, Writer } from '../bytes/writer.js';
import { encodeRequest, requestBytes, writeRequest } from '../parts/request.js';

const DIGITS = 2 * BODY_DIGEST_BYTES;
const writer = new Writer();

/**
 * The first 20 bytes of the SHA-256 of a request as it stands by itself on the wire, which includes every part of it.
 * So replicas of one version of the layout agree on the digest, whichever frame or RPC brought the request.
 */
export function bodyDigest(request: Request): BodyDigest {
  if (request.message.length >= APART_MIN_BYTES) return largeBodyDigest(request);
  writer.begin(Kind.request, requestBytes(request));
  writeRequest(writer, request, false);
  return hash('sha256', writer.view()).slice(0, DIGITS) as BodyDigest;
}

/**
 * Computes the same digest without a copy of the message, which would hold the event loop for as long as the SHA-256
 * itself.
 */
function largeBodyDigest(request: Request): BodyDigest {
  const digest = createHash('sha256');
  for (const piece of writer.inPieces(() => encodeRequest(request))) digest.update(piece);
  return digest.digest('hex').slice(0, DIGITS) as BodyDigest;
}
