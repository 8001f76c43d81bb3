/** Statuses with which the client itself ends calls, in grpc-js's words. */
import { type status as Status, type StatusObject, status } from '@grpc/grpc-js';
import { localStatus, messageOf } from '@understudy/grpc-common';

/**
 * The status of a call whose caller gave up waiting. It says what the caller cannot know otherwise: whether the call
 * may have taken effect.
 */
export function abandonedStatus(code: Status, what: string, mayHaveTakenEffect: boolean): StatusObject {
  const effect = mayHaveTakenEffect ? 'the call may have taken effect' : 'the call has taken no effect';
  return localStatus(code, `${what}; ${effect}`, mayHaveTakenEffect);
}

/** Codes that credentials must not choose (grpc/proposal A54). */
const NOT_FOR_CREDENTIALS: readonly Status[] = [
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.DATA_LOSS,
];

/** The status of a call whose credentials failed, in grpc-js's words. */
export function credentialsStatus(error: unknown): StatusObject {
  const details = `Getting metadata from plugin failed with error: ${messageOf(error)}`;
  const { code: given } = (error ?? {}) as { readonly code?: unknown };
  const code = typeof given === 'number' ? given : status.UNKNOWN;
  if (!NOT_FOR_CREDENTIALS.includes(code)) return localStatus(code, details, false);
  return localStatus(status.INTERNAL, `Invalid status from control plane: ${code} ${status[code]} ${details}`, false);
}
