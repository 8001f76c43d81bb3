/** The digest by which an order names its body. */
import { hash } from 'node:crypto';
import { BODY_DIGEST_BYTES, type BodyDigest, type Request } from '@understudy/core/internal';
import { Kind } from '../bytes/layout.js';
import { Writer } from '../bytes/writer.js';
import { requestBytes, writeRequest } from '../parts/request.js';

const DIGITS = 2 * BODY_DIGEST_BYTES;
const writer = new Writer();

/**
 * The first 20 bytes of the SHA-256 of a request as it stands by itself on the wire, which says everything about it. So
 * replicas of one version of the layout agree on the digest, whichever frame or RPC brought the request.
 */
export function bodyDigest(request: Request): BodyDigest {
  writer.begin(Kind.request, requestBytes(request));
  writeRequest(writer, request, false);
  return hash('sha256', writer.view()).slice(0, DIGITS) as BodyDigest;
}
