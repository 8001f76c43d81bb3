/**
 * The statuses that this library itself ends calls with. Whichever side makes one, its trailers say whether the call may
 * have taken effect, and which of our errors ended it.
 */
import type { status as Status, StatusObject } from '@grpc/grpc-js';
import { ERROR_CODES, type ErrorCode, type UnderstudyError } from '@understudy/core';
import { EFFECT_KEY, type MetadataEntries, ownReply, type Reply, trailersOf } from '@understudy/core/internal';
import { PRIMARY_KEY, PUSHBACK_KEY } from './keys.js';
import { metadataOf } from './metadata.js';
import { sentenceOf } from './reasons.js';

/** The details that a status may have besides its error's code. */
export interface ErrorFacts {
  /** Default: what `ERROR_CODES` says of the code. */
  readonly mayHaveTakenEffect?: boolean;
  /** The primary's address, if it is known and calls should go there. */
  readonly primaryAddress?: string | undefined;
  /** In how many milliseconds a gRPC library that retries the call by itself should do so. Default: as its policy says. */
  readonly pushbackMs?: number | undefined;
}

const PRINTABLE = /^[ -~]*$/;
const LONE_SURROGATES = /\p{Surrogate}/gu;

/**
 * The status of a call that an error of ours ends. It has no stack, since refusals can be many.
 *
 * @param reason a sentence that a person can act on; never contains a payload
 */
export function errorStatus(code: ErrorCode, reason: string, facts: ErrorFacts = {}): StatusObject {
  const { mayHaveTakenEffect = ERROR_CODES[code].mayHaveTakenEffect, primaryAddress, pushbackMs } = facts;
  const metadata = metadataOf(trailersOf(code, mayHaveTakenEffect));
  if (primaryAddress !== undefined && PRINTABLE.test(primaryAddress)) metadata.set(PRIMARY_KEY, primaryAddress);
  if (pushbackMs !== undefined) metadata.set(PUSHBACK_KEY, String(pushbackMs));
  return { code: ERROR_CODES[code].status, details: wellFormed(`${code}: ${reason}`), metadata };
}

/** The status of a call that a thrown error of ours ends. */
export function statusOfUnderstudyError(error: UnderstudyError, facts: ErrorFacts = {}): StatusObject {
  return errorStatus(error.code, sentenceOf(error), facts);
}

/**
 * The same status as a reply, to be kept or put into the order. It is frozen, so that one may serve many calls.
 *
 * @param reason a sentence that a person can act on; never contains a payload
 */
export function errorReply(code: ErrorCode, reason: string): Reply {
  return ownReply(code, wellFormed(reason));
}

/** A status of gRPC's own with which this side ends a call: cancelled, deadline exceeded, message too large. */
export function localStatus(code: Status, details: string, mayHaveTakenEffect: boolean): StatusObject {
  const trailers: MetadataEntries = mayHaveTakenEffect
    ? trailersOf('UNDERSTUDY_INDETERMINATE')
    : [[EFFECT_KEY, String(mayHaveTakenEffect)]];
  return { code, details: wellFormed(details), metadata: metadataOf(trailers) };
}

/** Text that can be sent as the details of a status; anything else makes grpc-js throw. */
export const wellFormed = (text: string): string => text.replace(LONE_SURROGATES, '\ufffd');

/** The most characters of details that an RPC carries, percent-encoded as gRPC sends them. */
const RPC_DETAILS_MAX = 16_384;

/**
 * The details of a status as an RPC can carry them. HTTP/2 ends a connection, with all its calls, over headers of more
 * than 64 KiB, and the client would make the call again each time. So only the beginning of longer details is sent.
 */
export function detailsForRpc(text: string): string {
  const details = wellFormed(text);
  if (details.length * 9 <= RPC_DETAILS_MAX || encodeURI(details).length <= RPC_DETAILS_MAX) return details;
  let kept = '';
  let size = 0;
  for (const character of details) {
    size += encodeURI(character).length;
    if (size > RPC_DETAILS_MAX) break;
    kept += character;
  }
  return `${kept}…`;
}
