/** Encodes the changes that the primary's interceptors made to a request, so that backups apply them too. */
import { UnderstudyError } from '@understudy/core';
import type { MetadataEntries, Request } from '@understudy/core/internal';
import { decodeRequest, encodeRequest } from '@understudy/wire';

const MESSAGE = 0b1;
const METADATA = 0b10;
const NO_BYTES = new Uint8Array(0);

/**
 * Encodes what interceptors made of a request, as determinants: a byte that says which parts follow, then these parts
 * as a request without a name. Interceptors cannot change method, deadline and key.
 *
 * @param original the request as it came. Parts that `changed` shares with it are left out, which keeps the
 *   determinants of an added metadata entry small however large the message is.
 */
export function encodeChange(changed: Request, original?: Request): Uint8Array {
  const message = changed.message !== original?.message;
  const metadata = original === undefined || changed.metadata !== original.metadata;
  const parts = encodeRequest({
    method: '',
    message: message ? changed.message : NO_BYTES,
    ...(metadata && changed.metadata !== undefined && { metadata: changed.metadata }),
  });
  const bytes = new Uint8Array(1 + parts.length);
  bytes[0] = (message ? MESSAGE : 0) | (metadata ? METADATA : 0);
  bytes.set(parts, 1);
  return bytes;
}

/**
 * The request that handlers are given: `request` with the change that `encodeChange` wrote.
 *
 * @throws UnderstudyError UNDERSTUDY_MALFORMED
 */
export function applyChange(request: Request, bytes: Uint8Array): Request {
  const flags = bytes[0];
  if (flags === undefined || flags > (MESSAGE | METADATA)) {
    throw new UnderstudyError('UNDERSTUDY_MALFORMED', `a change of a request begins with ${flags}`);
  }
  const parts = decodeRequest(bytes.subarray(1));
  const message = flags & MESSAGE ? parts.message : request.message;
  return flags & METADATA ? withMetadata(request, message, parts.metadata) : { ...request, message };
}

/** `request` with another message, and with other metadata or none. */
export function withMetadata(request: Request, message: Uint8Array, metadata: MetadataEntries | undefined): Request {
  const { metadata: _before, ...rest } = request;
  return metadata === undefined || metadata.length === 0 ? { ...rest, message } : { ...rest, message, metadata };
}
