/** Tells calls that a gRPC library retries by itself from calls on their first attempt. */
import type { Metadata } from '@grpc/grpc-js';
import { ERROR_CODES, type ErrorCode } from '@understudy/core';

/** The metadata key that says how many attempts came before this one (gRFC A6). A first attempt does not have it. */
const PREVIOUS_ATTEMPTS_KEY = 'grpc-previous-rpc-attempts';

/** Libraries allow five attempts, so there are no more than four before one. */
const PREVIOUS_MAX = 4;

/** How many attempts a library says that it made before; no more than can be. */
export function attemptsBefore(metadata: Metadata): number {
  const said = Number(metadata.get(PREVIOUS_ATTEMPTS_KEY)[0] ?? 0);
  return Number.isInteger(said) && said > 0 ? Math.min(said, PREVIOUS_MAX) : 0;
}

export const wasTriedBefore = (metadata: Metadata): boolean => metadata.get(PREVIOUS_ATTEMPTS_KEY).length > 0;

/**
 * Whether a call that ends with this error may have taken effect. The caller of a call that its library retried hears
 * only how the last attempt ended, so the error must not say that nothing was done: an earlier attempt may have taken
 * effect and lost its reply.
 *
 * @param metadata of the call as it arrived
 */
export const mayHaveTakenEffect = (code: ErrorCode, metadata: Metadata): boolean =>
  ERROR_CODES[code].mayHaveTakenEffect || wasTriedBefore(metadata);
