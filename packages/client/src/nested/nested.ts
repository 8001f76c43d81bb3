import type { CallProperties, ClientOptions } from '@grpc/grpc-js';
import { currentHandling, expectCalls } from '@understudy/context';
import { setIdempotencyKey } from '@understudy/grpc-common';
import { divert } from './handler-channel.js';
import { channelCall } from './sent-call.js';

/**
 * Options for any grpc-js client of a service that is not replicated, to be used in handlers of one that is: the unary
 * calls that a handler makes are sent once, by the group's primary, and their replies reach the handlers of all replicas
 * at the same place in the group's order. Elsewhere its calls are ordinary ones.
 *
 * When the primary dies the next one sends the calls whose replies are not known once more. Each call has metadata
 * `idempotency-key`, the same both times, unless the handler gave it one: by that the service can tell.
 *
 * May be given to several clients, and be extended by other options, but not by `callInvocationTransformer`. Clients made
 * with `replicated` need none of it.
 */
export function nested(): ClientOptions {
  expectCalls();
  return { callInvocationTransformer: nestInHandlers };
}

// biome-ignore lint/suspicious/noExplicitAny: grpc-js's own signature
function nestInHandlers(properties: CallProperties<any, any>): CallProperties<any, any> {
  const handling = currentHandling();
  if (handling === undefined) return properties;
  const { channel } = properties;
  divert(properties, handling, (settings, metadata, caller) => {
    setIdempotencyKey(metadata, caller);
    return channelCall(channel, settings);
  });
  return properties;
}
