/** Our interceptor, and the mark by which it finds the channel of a call. */
import type {
  CallInvocationTransformer,
  CallProperties,
  InterceptingCall,
  Interceptor,
  InterceptorOptions,
} from '@grpc/grpc-js';
import { currentHandling } from '@understudy/context';
import type { NestedPlace } from '@understudy/core/internal';
import { errorStatus, type InterceptingCallInterface, identity } from '@understudy/grpc-common';
import type { Methods } from '../call/methods.js';
import { RefusedCall } from '../call/refused-call.js';
import { ReplicatedCall } from '../call/replicated-call.js';
import { StreamedCall } from '../call/streamed-call.js';
import { ReplicatedChannel } from '../channel/replicated-channel.js';
import { divert, HandlerChannel } from '../nested/handler-channel.js';
import { ResumableCall } from '../nested-streams/resumable-call.js';
import { channelCall, type Depart } from '../rpc/sent-call.js';

/** The key under which a call's options name its channel, since grpc-js does not tell interceptors. */
const CHANNEL = Symbol('understudy.channel');

type MarkedOptions = InterceptorOptions & { readonly [CHANNEL]?: ReplicatedChannel | HandlerChannel };

/**
 * Makes our interceptor, which stands nearest the wire. It sends replicated calls to the channel's session and lets all
 * others go their ordinary way.
 */
export function replicationInterceptor(methods: Methods): Interceptor {
  const intercept = (options: MarkedOptions, nextCall: Parameters<Interceptor>[1]): InterceptingCallInterface => {
    const channel = options[CHANNEL];
    // This is a call of a handler, and its channel does all the rest.
    if (channel instanceof HandlerChannel) return nextCall(options);
    const { path, requestStream, responseStream } = options.method_definition;
    const plan = methods.plan(path);
    if (plan.passesThrough || channel?.host.passesThrough(path)) return nextCall(options);
    if (channel === undefined) {
      const reason = 'the options of replicated() were taken apart: give a client all of them, unchanged';
      return new RefusedCall(errorStatus('UNDERSTUDY_SETUP', reason));
    }
    channel.assertOpen();
    if (!requestStream && !responseStream) return new ReplicatedCall(channel.host, options, plan);
    return new StreamedCall(channel.host, options, plan);
  };
  // grpc-js's type demands a class, but grpc-js uses only the interface.
  return intercept as unknown as (...args: Parameters<Interceptor>) => InterceptingCall;
}

/**
 * Marks each call with its channel, which for a handler's call is one of ours. In grpc-js the interceptors of a call
 * replace those of its client; this appends our interceptor to them, so that it still stands nearest the wire.
 */
export function channelMarker(methods: Methods, ours: Interceptor): CallInvocationTransformer {
  // biome-ignore lint/suspicious/noExplicitAny: grpc-js's own signature
  return (properties: CallProperties<any, any>) => {
    const { channel, callOptions } = properties;
    if (!(channel instanceof ReplicatedChannel)) return properties;
    const handling = currentHandling();
    const madeOn = handling === undefined ? channel : divert(properties, handling, departure(methods, channel));
    const marked: typeof callOptions = { ...callOptions, [CHANNEL]: madeOn } as typeof callOptions;
    if (callOptions.interceptors?.length) marked.interceptors = [...callOptions.interceptors, ours];
    if (callOptions.interceptor_providers?.length) {
      marked.interceptor_providers = [...callOptions.interceptor_providers, () => ours];
    }
    properties.callOptions = marked;
    return properties;
  };
}

/** Makes a handler's call leave as the same call made outside of handlers would. */
export const departure =
  (methods: Methods, channel: ReplicatedChannel): Depart =>
  (settings, _metadata, _caller, place) => {
    const { path, deadline, host, credentials, requestStream, responseStream } = settings;
    const plan = methods.plan(path);
    if (channel.passesThrough(path)) return place?.again ? undefined : channelCall(channel, settings);
    channel.assertOpen();
    const options: InterceptorOptions = {
      deadline,
      method_definition: {
        path,
        requestStream,
        responseStream,
        requestSerialize: identity,
        responseDeserialize: identity,
      },
      ...(host !== undefined && { host }),
      ...(credentials !== undefined && { credentials }),
    };
    if (!requestStream && !responseStream) return new ReplicatedCall(channel.host, options, plan);
    return new ResumableCall(channel.host, options, plan, place ?? UNOPENED);
  };

const UNOPENED: NestedPlace = Object.freeze({ again: false, received: 0, position: 0 });
