/** Tells an application's listener of replies in grpc-js's order and words. */
import {
  type InterceptingListener,
  type InterceptorOptions,
  type Metadata,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import type { Reply } from '@understudy/core/internal';
import { asBuffer, carriedMetadata, localStatus, messageOf, type ReceivingListener } from '@understudy/grpc-common';

/** Limits from the channel's options, in bytes; -1 means none. */
export interface MessageLimits {
  readonly maxSendBytes: number;
  readonly maxReceiveBytes: number;
}

/** Tells a listener of an end without a reply. As in grpc-js, a unary call hears of a message that is null. */
export function deliverStatus(listener: ReceivingListener, status: StatusObject): void {
  listener.onReceiveMessage?.(null);
  listener.onReceiveStatus?.(status);
}

/**
 * A trailers-only reply has no initial metadata; any other reply has some, if only empty.
 *
 * @throws Error if grpc-js does not accept the metadata
 */
function initialOf({ initialMetadata, message }: Reply): Metadata | undefined {
  return initialMetadata === undefined && message === undefined ? undefined : carriedMetadata(initialMetadata);
}

/** @throws Error if grpc-js does not accept the trailers as metadata */
export function statusOf(outcome: Reply): StatusObject {
  return { code: outcome.code, details: outcome.details, metadata: carriedMetadata(outcome.trailers) };
}

/** The status of a call whose reply has metadata that grpc-js does not accept. */
export function unusableMetadata(error: unknown, mayHaveTakenEffect: boolean): StatusObject {
  const details = `the reply's metadata cannot be used: ${messageOf(error)}`;
  return localStatus(Status.INTERNAL, details, mayHaveTakenEffect);
}

export const parsingError = (error: unknown): string => `Response message parsing error: ${messageOf(error)}`;

/** The status of a call that received a message above its limit; undefined if the message is within the limit. */
export function tooLarge(
  bytes: Uint8Array,
  { maxReceiveBytes }: MessageLimits,
  mayHaveTakenEffect: boolean,
): StatusObject | undefined {
  if (maxReceiveBytes === -1 || bytes.length <= maxReceiveBytes) return undefined;
  const details = `Received message larger than max (${bytes.length} vs ${maxReceiveBytes})`;
  return localStatus(Status.RESOURCE_EXHAUSTED, details, mayHaveTakenEffect);
}

/** A reply in grpc-js's types, with its message still as bytes. */
interface Received {
  readonly initial: Metadata | undefined;
  readonly bytes: Uint8Array | undefined;
  readonly status: StatusObject;
}

/** If grpc-js does not accept the reply's metadata, all that is left of the reply is a status that says so. */
function received(outcome: Reply, mayHaveTakenEffect: boolean): Received {
  try {
    return { initial: initialOf(outcome), bytes: outcome.message, status: statusOf(outcome) };
  } catch (error) {
    return { initial: undefined, bytes: undefined, status: unusableMetadata(error, mayHaveTakenEffect) };
  }
}

/** Tells a listener of a reply in grpc-js's order: initial metadata, message, status. */
export function deliverOutcome(
  listener: ReceivingListener,
  outcome: Reply,
  method: InterceptorOptions['method_definition'],
  limits: MessageLimits,
  readOnly: boolean,
): void {
  const { initial, bytes, status } = received(outcome, !readOnly);
  let message: unknown = null;
  let problem = bytes && tooLarge(bytes, limits, !readOnly);
  if (bytes !== undefined && problem === undefined) {
    try {
      message = method.responseDeserialize(asBuffer(bytes));
    } catch (error) {
      problem = localStatus(Status.INTERNAL, parsingError(error), !readOnly);
    }
  }
  if (initial !== undefined) listener.onReceiveMetadata?.(initial);
  listener.onReceiveMessage?.(message);
  listener.onReceiveStatus?.(problem ?? status);
}

/**
 * Does the same for a listener that deserializes by itself. It gets a copy of the message, because what it makes of the
 * bytes may be a view of them.
 */
export function deliverBytes(listener: InterceptingListener, outcome: Reply): void {
  const { initial, bytes, status } = received(outcome, true);
  if (initial !== undefined) listener.onReceiveMetadata(initial);
  if (bytes !== undefined) listener.onReceiveMessage(Buffer.from(bytes));
  listener.onReceiveStatus(status);
}
