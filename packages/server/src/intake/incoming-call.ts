/** Makes requests of RPCs. */
import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { MetadataEntries, Request } from '@understudy/core/internal';
import {
  ASIDE_PREFIX,
  CALLER_KEY,
  DEADLINE_KEY,
  entriesOf,
  HEADER_KEY,
  IDEMPOTENCY_KEY,
  NO_METADATA,
} from '@understudy/grpc-common';

/** The methods that this file uses; the call objects of all kinds of RPC have them. */
type IncomingRpc = Pick<ServerUnaryCall<Buffer, Buffer>, 'metadata' | 'getPeer' | 'getDeadline' | 'getPath'>;

export interface IncomingCall {
  readonly request: Request;
  readonly peer: string;
  readonly header?: Uint8Array;
  /** The name of a call that a group made, encoded as it was sent. */
  readonly caller?: Uint8Array;
  /** The key stays in the metadata too, because an unreplicated handler would see it there. */
  readonly idempotencyKey?: string;
}

/**
 * Makes a request of an RPC. Keys of our own are removed from the call's metadata, so that no handler sees them. If the
 * call has a header, the request is equal to the one that the backups get in a frame.
 */
export function incomingCall(call: IncomingRpc, message: Buffer): IncomingCall {
  const { metadata } = call;
  const header = metadata.get(HEADER_KEY)[0];
  let deadlineMs = Number(call.getDeadline());
  if (header !== undefined) {
    deadlineMs = Number(metadata.get(DEADLINE_KEY)[0]);
    metadata.remove(HEADER_KEY);
    metadata.remove(DEADLINE_KEY);
    // The transport added these.
    for (const key of ['user-agent', 'grpc-previous-rpc-attempts']) metadata.remove(key);
  }
  const caller = metadata.get(CALLER_KEY)[0];
  if (caller !== undefined) metadata.remove(CALLER_KEY);
  const idempotencyKey = metadata.get(IDEMPOTENCY_KEY)[0];
  const entries = header === undefined ? entriesOf(metadata) : asCalled(entriesOf(metadata));
  return {
    request: {
      method: call.getPath(),
      message,
      ...(entries !== NO_METADATA && { metadata: entries }),
      ...(Number.isFinite(deadlineMs) && { deadlineMs }),
    },
    peer: call.getPeer(),
    ...(typeof header === 'object' && { header }),
    ...(typeof caller === 'object' && { caller }),
    ...(typeof idempotencyKey === 'string' && { idempotencyKey }),
  };
}

/** Puts the values that were set aside back in their place. */
function asCalled(entries: MetadataEntries): MetadataEntries {
  const aside = entries.flatMap(([key]) => (key.startsWith(ASIDE_PREFIX) ? key.slice(ASIDE_PREFIX.length) : []));
  if (aside.length === 0) return entries;
  return entries
    .filter(([key]) => !aside.includes(key))
    .map(([key, value]) => [key.startsWith(ASIDE_PREFIX) ? key.slice(ASIDE_PREFIX.length) : key, value]);
}
