import type { Metadata, StatusObject } from '@grpc/grpc-js';
import type { Reply } from '@understudy/core/internal';
import { replyEntries } from '@understudy/grpc-common';

/**
 * Makes a core reply of the parts that a unary RPC received. Without `initial` the reply was trailers-only, or nothing
 * came at all.
 */
export function replyOutcome(
  initial: Metadata | undefined,
  message: Uint8Array | undefined,
  { code, details, metadata }: StatusObject,
): Reply {
  const initialMetadata = initial === undefined ? undefined : (replyEntries(initial) ?? []);
  const trailers = replyEntries(metadata);
  return {
    kind: 'reply',
    code,
    details,
    ...(initialMetadata !== undefined && { initialMetadata }),
    ...(message !== undefined && { message }),
    ...(trailers !== undefined && { trailers }),
  };
}
