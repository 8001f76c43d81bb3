import type { Metadata } from '@grpc/grpc-js';
import type { NestedCaller } from '@understudy/core/internal';
import { decodeCaller, encodeCaller } from '@understudy/wire';
import { asBuffer } from './metadata.js';

/** Tells the callee which group calls, and at which place in its order. */
const CALLER_KEY = 'understudy-nested-bin';
/** By which a service that is not replicated recognises a call that comes again. */
const IDEMPOTENCY_KEY = 'idempotency-key';

export function setCaller(metadata: Metadata, caller: NestedCaller): void {
  metadata.set(CALLER_KEY, asBuffer(encodeCaller(caller)));
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function callerOf(metadata: Metadata): NestedCaller | undefined {
  const [value] = metadata.get(CALLER_KEY);
  return value instanceof Uint8Array ? decodeCaller(value) : undefined;
}

/** Gives the call a key that is the same when a successor sends it again; one that is there already stays. */
export function setIdempotencyKey(metadata: Metadata, { client, id }: NestedCaller): void {
  if (metadata.get(IDEMPOTENCY_KEY).length > 0) return;
  // A group may have any name, a field value of HTTP/2 only ASCII.
  metadata.set(IDEMPOTENCY_KEY, `${encodeURI(client)}:${id.orderNum}.${id.index}`);
}
