import type { CallProperties, ClientOptions } from '@grpc/grpc-js';
import { currentHandling, expectCalls } from '@understudy/context';
import { setIdempotencyKey } from '@understudy/grpc-common';
import { channelCall } from '../rpc/sent-call.js';
import { divert } from './handler-channel.js';

/**
 * Options for any grpc-js client of a service that is not replicated, for use in handlers of a service that is. The
 * unary calls that a handler makes with such a client are sent once, by the group's primary, and their replies reach
 * the handlers of all replicas at the same place in the group's order. Outside of handlers the client's calls are
 * ordinary ones.
 *
 * When the primary dies, its successor sends those calls again whose replies are not known. Each call has metadata
 * `idempotency-key`, the same both times, by which the service can recognise it; a key that the handler gave stays.
 *
 * The options may be given to several clients, and extended by other options but not by `callInvocationTransformer`.
 * Clients made with `replicated` do not need them.
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
  divert(properties, handling, (settings, metadata, caller, place) => {
    if (place?.again) return undefined;
    setIdempotencyKey(metadata, caller);
    return channelCall(channel, settings);
  });
  return properties;
}
