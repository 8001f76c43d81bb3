import {
  type InterceptingListener,
  type InterceptorOptions,
  type Metadata,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import type { Reply } from '@understudy/core/internal';
import type { ReceivingListener } from './grpc-types.js';
import { asBuffer, fromEntries } from './metadata.js';
import { localStatus, messageOf } from './statuses.js';

/** Bounds of the channel's options, bytes; -1 for none. */
export interface MessageLimits {
  readonly maxSendBytes: number;
  readonly maxReceiveBytes: number;
}

/** Tells a listener of an end without a reply, as grpc-js does: a unary call hears of a message that is null. */
export function deliverStatus(listener: ReceivingListener, status: StatusObject): void {
  listener.onReceiveMessage?.(null);
  listener.onReceiveStatus?.(status);
}

/**
 * A trailers-only reply has no initial metadata; any other has some, if only empty.
 *
 * @throws Error if it is not metadata that grpc-js takes
 */
function initialOf({ initialMetadata, message }: Reply): Metadata | undefined {
  return initialMetadata === undefined && message === undefined ? undefined : fromEntries(initialMetadata);
}

/** @throws Error if the trailers are not metadata that grpc-js takes */
export function statusOf(outcome: Reply): StatusObject {
  return { code: outcome.code, details: outcome.details, metadata: fromEntries(outcome.trailers) };
}

/** What a call ends with whose reply's metadata grpc-js does not take. */
export function unusableMetadata(error: unknown, mayHaveTakenEffect: boolean): StatusObject {
  const details = `the reply's metadata cannot be used: ${messageOf(error)}`;
  return localStatus(Status.INTERNAL, details, mayHaveTakenEffect);
}

export const parsingError = (error: unknown): string => `Response message parsing error: ${messageOf(error)}`;

/** The status of a call that was sent too large a message; undefined if it is not. */
export function tooLarge(
  bytes: Uint8Array,
  { maxReceiveBytes }: MessageLimits,
  mayHaveTakenEffect: boolean,
): StatusObject | undefined {
  if (maxReceiveBytes === -1 || bytes.length <= maxReceiveBytes) return undefined;
  const details = `Received message larger than max (${bytes.length} vs ${maxReceiveBytes})`;
  return localStatus(Status.RESOURCE_EXHAUSTED, details, mayHaveTakenEffect);
}

/** Tells a listener of a reply in grpc-js's order: initial metadata, message, status. */
export function deliverOutcome(
  listener: ReceivingListener,
  outcome: Reply,
  method: InterceptorOptions['method_definition'],
  limits: MessageLimits,
  readOnly: boolean,
): void {
  let message: unknown = null;
  let initial: Metadata | undefined;
  let status: StatusObject;
  try {
    initial = initialOf(outcome);
    status = statusOf(outcome);
  } catch (error) {
    deliverStatus(listener, unusableMetadata(error, !readOnly));
    return;
  }
  const bytes = outcome.message;
  if (bytes !== undefined) {
    const refusal = tooLarge(bytes, limits, !readOnly);
    if (refusal !== undefined) {
      status = refusal;
    } else {
      try {
        message = method.responseDeserialize(asBuffer(bytes));
      } catch (error) {
        status = localStatus(Status.INTERNAL, parsingError(error), !readOnly);
      }
    }
  }
  if (initial !== undefined) listener.onReceiveMetadata?.(initial);
  listener.onReceiveMessage?.(message);
  listener.onReceiveStatus?.(status);
}

/** The same for a listener that deserializes by itself, and has a copy: what it makes of the bytes may be a view. */
export function deliverBytes(listener: InterceptingListener, outcome: Reply): void {
  let initial: Metadata | undefined;
  let status: StatusObject;
  try {
    initial = initialOf(outcome);
    status = statusOf(outcome);
  } catch (error) {
    listener.onReceiveStatus(unusableMetadata(error, true));
    return;
  }
  if (initial !== undefined) listener.onReceiveMetadata(initial);
  if (outcome.message !== undefined) listener.onReceiveMessage(Buffer.from(outcome.message));
  listener.onReceiveStatus(status);
}
