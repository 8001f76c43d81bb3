/** The metadata that names the group that makes a call, as the caller sets it and the callee reads it. */
import { createHmac } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import type { NestedCaller } from '@understudy/core/internal';
import { decodeCaller, encodeCaller } from '@understudy/wire';
import { asBuffer } from './buffers.js';
import { CALLER_KEY, IDEMPOTENCY_KEY } from './keys.js';

/** Tells the callee which group makes the call, and at which place in its order. */
export function setCaller(metadata: Metadata, caller: NestedCaller): void {
  metadata.set(CALLER_KEY, asBuffer(encodeCaller(caller)));
}

/**
 * The group that makes the call; undefined if no group does.
 *
 * @throws UnderstudyError UNDERSTUDY_MALFORMED
 */
export function callerOf(metadata: Metadata): NestedCaller | undefined {
  const [value] = metadata.get(CALLER_KEY);
  return value instanceof Uint8Array ? decodeCaller(value) : undefined;
}

/**
 * Proves to the group that is called that the caller knows `secret`. The proof is valid for this one call, which takes
 * effect once however often it is repeated.
 *
 * @param group the name of the group that is called
 */
export function callerProof(secret: string, group: string, { client, term, id, settledUpTo }: NestedCaller): Buffer {
  const hmac = createHmac('sha256', secret);
  return hmac.update(encodeCaller({ client, term, id, settledUpTo })).update(group).digest();
}

/**
 * Gives the call a key by which a service that is not replicated recognises the same call when a successor sends it again.
 * A key that is there already stays.
 */
export function setIdempotencyKey(metadata: Metadata, { client, id }: NestedCaller): void {
  if (metadata.get(IDEMPOTENCY_KEY).length > 0) return;
  // The name of a group may be any text, but a field value of HTTP/2 only ASCII.
  metadata.set(IDEMPOTENCY_KEY, `${encodeURI(client)}:${id.orderNum}.${id.index}`);
}
