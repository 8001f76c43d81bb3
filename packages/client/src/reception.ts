import { type InterceptorOptions, type Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import type { Outcome } from '@understudy/core';
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

/** Tells a listener of a reply in grpc-js's order: initial metadata, message, status. */
export function deliverOutcome(
  listener: ReceivingListener,
  outcome: Outcome,
  method: InterceptorOptions['method_definition'],
  limits: MessageLimits,
  readOnly: boolean,
): void {
  let initial: Metadata | undefined;
  let message: unknown = null;
  let status: StatusObject;
  try {
    // A trailers-only reply has no initial metadata; any other has some, if only empty.
    if (outcome.initialMetadata !== undefined || outcome.message !== undefined) {
      initial = fromEntries(outcome.initialMetadata);
    }
    status = { code: outcome.code, details: outcome.details, metadata: fromEntries(outcome.trailers) };
  } catch (error) {
    const details = `the reply's metadata cannot be used: ${messageOf(error)}`;
    deliverStatus(listener, localStatus(Status.INTERNAL, details, !readOnly));
    return;
  }
  const bytes = outcome.message;
  if (bytes !== undefined) {
    if (limits.maxReceiveBytes !== -1 && bytes.length > limits.maxReceiveBytes) {
      const details = `Received message larger than max (${bytes.length} vs ${limits.maxReceiveBytes})`;
      status = localStatus(Status.RESOURCE_EXHAUSTED, details, !readOnly);
    } else {
      try {
        message = method.responseDeserialize(asBuffer(bytes));
      } catch (error) {
        const details = `Response message parsing error: ${messageOf(error)}`;
        status = localStatus(Status.INTERNAL, details, !readOnly);
      }
    }
  }
  if (initial !== undefined) listener.onReceiveMetadata?.(initial);
  listener.onReceiveMessage?.(message);
  listener.onReceiveStatus?.(status);
}
