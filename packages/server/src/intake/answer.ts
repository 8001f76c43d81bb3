/** Ends RPCs: with the outcome of a message, or with an error of ours. */
import { Metadata, type ServerUnaryCall, type StatusObject, type sendUnaryData } from '@grpc/grpc-js';
import type { ErrorCode } from '@understudy/core';
import type { Reply } from '@understudy/core/internal';
import { asBuffer, detailsForRpc, EFFECT_KEY, errorStatus, HEADER_KEY, metadataOf } from '@understudy/grpc-common';
import type { Arrival, StreamArrival } from '../capture/arrival.js';
import { mayHaveTakenEffect, wasTriedBefore } from '../capture/retries.js';

/** The reason for a call's failure when its outcome is unknown, because the life of the replica that had it is over. */
export const LIFE_ENDED = 'this replica ended before the outcome was known; the call may have taken effect';

/**
 * Ends an RPC with `outcome` and `header`. A reply that succeeds has the header in its initial metadata, so that it
 * arrives first. An error has it in its trailers, because only trailers tell an error that the service answered from
 * one that the client's own connection made up after initial metadata came. The details of an OK status are not sent,
 * since grpc-js cannot send them.
 */
export function answer(
  call: ServerUnaryCall<Buffer, Buffer>,
  callback: sendUnaryData<Buffer>,
  outcome: Reply,
  header?: Uint8Array,
): void {
  const { code, details, initialMetadata, message } = outcome;
  const own = outcome.trailers === undefined ? undefined : metadataOf(outcome.trailers);
  // The group refused this attempt, but an earlier attempt of the same call may have taken effect.
  if (own?.get(EFFECT_KEY)[0] === 'false' && wasTriedBefore(call.metadata)) own.set(EFFECT_KEY, 'true');
  const succeeds = code === 0 && message !== undefined;
  const trailers = header === undefined || succeeds ? own : withHeader(own ?? new Metadata(), header);
  if (header !== undefined && succeeds) {
    call.sendMetadata(withHeader(metadataOf(initialMetadata), header));
  } else if (initialMetadata !== undefined && (initialMetadata.length > 0 || code !== 0)) {
    // grpc-js itself sends headers before a message, but none before a status.
    call.sendMetadata(metadataOf(initialMetadata));
  }
  if (succeeds) {
    callback(null, asBuffer(message), trailers);
  } else {
    callback({ code, details: detailsForRpc(details), ...(trailers !== undefined && { metadata: trailers }) });
  }
}

function withHeader(metadata: Metadata, header: Uint8Array): Metadata {
  metadata.set(HEADER_KEY, asBuffer(header));
  return metadata;
}

/**
 * Ends a unary call with an error of ours.
 *
 * @param reason a sentence that a person can act on; never contains a payload
 * @param primaryAddress where the primary is, if that is known
 */
export function failWith(
  { call, callback }: Pick<Arrival, 'call' | 'callback'>,
  code: ErrorCode,
  reason: string,
  primaryAddress?: string,
): void {
  callback(failure(call.metadata, code, reason, primaryAddress));
}

/** Ends a streaming call as {@link failWith} ends a unary one. */
export function failStream(arrival: StreamArrival, code: ErrorCode, reason: string, primaryAddress?: string): void {
  const status = failure(arrival.call.metadata, code, reason, primaryAddress);
  if (arrival.kind === 'clientStream') arrival.callback(status);
  else arrival.call.emit('error', status);
}

const failure = (metadata: Metadata, code: ErrorCode, reason: string, primaryAddress?: string): StatusObject =>
  errorStatus(code, reason, { primaryAddress, mayHaveTakenEffect: mayHaveTakenEffect(code, metadata) });
