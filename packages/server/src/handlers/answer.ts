import { Metadata, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { ERROR_CODES, type ErrorCode } from '@understudy/core';
import type { MetadataEntries, Reply, Request } from '@understudy/core/internal';
import type { StreamArrival } from './arrival.js';
import { entriesOf, metadataOf, NO_METADATA } from './metadata.js';
import { type PartialStatus, wellFormed } from './status.js';

/** Carries the header of an RPC's request and reply ([0078]'s piggyback). */
export const HEADER_KEY = 'understudy-header-bin';
/** Names a call that a group made while it processed a message. */
export const NESTED_KEY = 'understudy-nested-bin';
/** With the header: the deadline as the caller set it, milliseconds since the epoch by its clock. */
const DEADLINE_KEY = 'understudy-deadline';
/** With the header: goes before keys whose values the connection of the call has changed. */
const ASIDE_PREFIX = 'understudy-aside-';
export const IDEMPOTENCY_KEY = 'idempotency-key';
export const CODE_KEY = 'understudy-code';
export const PRIMARY_KEY = 'understudy-primary';

/** What a call of any kind tells. */
type IncomingRpc = Pick<ServerUnaryCall<Buffer, Buffer>, 'metadata' | 'getPeer' | 'getDeadline' | 'getPath'>;

export interface IncomingCall {
  readonly request: Request;
  readonly peer: string;
  readonly header?: Uint8Array;
  /** Of a call that a group made: its name, as it was sent. */
  readonly caller?: Uint8Array;
  /** Stays in the metadata too: without us the handler would see it. */
  readonly idempotencyKey?: string;
}

/**
 * Makes a request of an RPC. Takes what is ours out of the call's metadata, so that no handler sees it. With a header it
 * is the very request that the backups get in a frame.
 */
export function incomingCall(call: IncomingRpc, message: Buffer): IncomingCall {
  const { metadata } = call;
  const header = metadata.get(HEADER_KEY)[0];
  let deadlineMs = Number(call.getDeadline());
  if (header !== undefined) {
    deadlineMs = Number(metadata.get(DEADLINE_KEY)[0]);
    metadata.remove(HEADER_KEY);
    metadata.remove(DEADLINE_KEY);
    // The transport added them.
    for (const key of ['user-agent', 'grpc-previous-rpc-attempts']) metadata.remove(key);
  }
  const caller = metadata.get(NESTED_KEY)[0];
  if (caller !== undefined) metadata.remove(NESTED_KEY);
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

/** What was set aside takes its place again. */
function asCalled(entries: MetadataEntries): MetadataEntries {
  const aside = entries.flatMap(([key]) => (key.startsWith(ASIDE_PREFIX) ? key.slice(ASIDE_PREFIX.length) : []));
  if (aside.length === 0) return entries;
  return entries
    .filter(([key]) => !aside.includes(key))
    .map(([key, value]) => [key.startsWith(ASIDE_PREFIX) ? key.slice(ASIDE_PREFIX.length) : key, value]);
}

/**
 * Ends an RPC with `outcome` and `header`: in the initial metadata of a reply that succeeds, so that it arrives first; in
 * the trailers of an error, because only these tell an error that the service answered from one that the client's own
 * connection made up after the initial metadata came. The details of an OK status are not sent: grpc-js has no way to.
 */
export function answer(
  call: ServerUnaryCall<Buffer, Buffer>,
  callback: sendUnaryData<Buffer>,
  outcome: Reply,
  header?: Uint8Array,
): void {
  const { code, details, initialMetadata, message } = outcome;
  const own = outcome.trailers === undefined ? undefined : metadataOf(outcome.trailers);
  const succeeds = code === 0 && message !== undefined;
  const trailers = header === undefined || succeeds ? own : withHeader(own ?? new Metadata(), header);
  if (header !== undefined && succeeds) {
    call.sendMetadata(withHeader(metadataOf(initialMetadata), header));
  } else if (initialMetadata !== undefined && (initialMetadata.length > 0 || code !== 0)) {
    // grpc-js sends headers by itself before a message, and none before a status.
    call.sendMetadata(metadataOf(initialMetadata));
  }
  if (succeeds) {
    callback(null, asBuffer(message), trailers);
  } else {
    callback({ code, details: wellFormed(details), ...(trailers !== undefined && { metadata: trailers }) });
  }
}

function withHeader(metadata: Metadata, header: Uint8Array): Metadata {
  metadata.set(HEADER_KEY, asBuffer(header));
  return metadata;
}

/**
 * Ends a call with an error of ours: its status, and the trailers `understudy-code` and `understudy-primary`.
 *
 * @param reason a sentence that a person can act on; never contains a payload
 * @param primaryAddress where the primary is, if that is known
 */
export function failWith(
  callback: sendUnaryData<Buffer>,
  code: ErrorCode,
  reason: string,
  primaryAddress?: string,
): void {
  callback(failure(code, reason, primaryAddress));
}

/** Ends a streaming call as {@link failWith} ends a unary one. */
export function failStream(arrival: StreamArrival, code: ErrorCode, reason: string, primaryAddress?: string): void {
  const status = failure(code, reason, primaryAddress);
  if (arrival.kind === 'clientStream') arrival.callback(status);
  else arrival.call.emit('error', status);
}

/** The status that {@link failWith} ends a call with; no stack is taken, since refusals can be many. */
export function failure(code: ErrorCode, reason: string, primaryAddress?: string) {
  const metadata = new Metadata();
  metadata.set(CODE_KEY, code);
  if (primaryAddress !== undefined && /^[ -~]*$/.test(primaryAddress)) metadata.set(PRIMARY_KEY, primaryAddress);
  return {
    code: ERROR_CODES[code].status,
    details: wellFormed(`${code}: ${reason}`),
    metadata,
  } satisfies PartialStatus;
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
