/** The statuses of calls as handlers and interceptors of grpc-js make them, in grpc-js's words. */
import type { Metadata, ServerErrorResponse } from '@grpc/grpc-js';
import { GrpcStatus, type MetadataEntries, type Reply } from '@understudy/core/internal';
import { entriesOf, isMetadata, NO_METADATA } from '@understudy/grpc-common';

/** A status as a handler or an interceptor gives it. */
export interface PartialStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata?: Metadata | null | undefined;
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const MAX_CODE = 0x7fff_ffff;

/** The end of a call whose handler threw. As in grpc-js, the client is never told what was thrown. */
export const HANDLER_FAULT: PartialStatus = { code: GrpcStatus.UNKNOWN, details: 'Unknown error' };
export const REQUEST_UNREADABLE: PartialStatus = {
  code: GrpcStatus.INTERNAL,
  details: 'Error deserializing request',
};
export const RESPONSE_UNWRITABLE: PartialStatus = {
  code: GrpcStatus.INTERNAL,
  details: 'Error serializing response',
};

/** How much of the method that a client names goes into the status, because the status has a place in the order. */
const PATH_SAID_MAX = 512;

export const noSuchMethod = (path: string): PartialStatus => ({
  code: GrpcStatus.UNIMPLEMENTED,
  details: `The server does not implement the method ${path.slice(0, PATH_SAID_MAX)}`,
});

/** grpc-js uses these words for unary methods too. */
export const noRequest = (path: string): PartialStatus => ({
  code: GrpcStatus.UNIMPLEMENTED,
  details: `Received no request message for server streaming method ${path}`,
});

export const secondRequest = (path: string): PartialStatus => ({
  code: GrpcStatus.UNIMPLEMENTED,
  details: `Received a second request message for server streaming method ${path}`,
});

/**
 * The status for an error that a handler gave to its callback, made as grpc-js's `serverErrorToStatus` makes it. A
 * value that makes grpc-js throw, such as a bare string, is the handler's fault and ends the call as one.
 */
export function statusOfError(error: unknown, trailers: Metadata | undefined): PartialStatus {
  if (typeof error !== 'object' || error === null) return HANDLER_FAULT;
  const given = error as Partial<ServerErrorResponse>;
  const metadata = trailers ?? given.metadata ?? null;
  const message = 'message' in given ? String(given.message) : 'Unknown Error';
  if (typeof given.code !== 'number' || !Number.isInteger(given.code)) {
    return { code: GrpcStatus.UNKNOWN, details: message, metadata };
  }
  return { code: given.code, details: typeof given.details === 'string' ? given.details : message, metadata };
}

/**
 * The outcome of a call that ends with `status` and no message.
 *
 * @param initialMetadata what was sent before; without it the reply is trailers-only
 */
export function outcomeOf(status: PartialStatus, initialMetadata?: MetadataEntries): Reply {
  const { code, details, metadata } = sendable(status);
  const trailers = metadata ? entriesOf(metadata) : NO_METADATA;
  return {
    kind: 'reply',
    code: Number.isInteger(code) && Math.abs(code) <= MAX_CODE ? code : GrpcStatus.UNKNOWN,
    details: String(details),
    ...(initialMetadata !== undefined && { initialMetadata }),
    ...(trailers.length > 0 && { trailers }),
  };
}

/** `status`, or the handler's fault if grpc-js could not send it. */
export function sendable(status: PartialStatus): PartialStatus {
  const { metadata, details } = status;
  if (metadata !== null && metadata !== undefined && !isMetadata(metadata)) return HANDLER_FAULT;
  return LONE_SURROGATE.test(details) ? HANDLER_FAULT : status;
}
