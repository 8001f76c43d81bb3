import type {
  CallInvocationTransformer,
  CallProperties,
  InterceptingCall,
  Interceptor,
  InterceptorOptions,
} from '@grpc/grpc-js';
import type { InterceptingCallInterface } from './grpc-types.js';
import type { Methods } from './methods.js';
import { RefusedCall } from './refused-call.js';
import { ReplicatedCall } from './replicated-call.js';
import { ReplicatedChannel } from './replicated-channel.js';
import { errorStatus } from './statuses.js';
import { StreamedCall } from './streamed-call.js';

/** Where a call's options name the channel that it belongs to: grpc-js does not tell interceptors. */
const CHANNEL = Symbol('understudy.channel');

type MarkedOptions = InterceptorOptions & { readonly [CHANNEL]?: ReplicatedChannel };

/** Our interceptor, nearest the wire: replicated calls go to the channel's session, others on their ordinary way. */
export function replicationInterceptor(methods: Methods): Interceptor {
  const intercept = (options: MarkedOptions, nextCall: Parameters<Interceptor>[1]): InterceptingCallInterface => {
    const { path, requestStream, responseStream } = options.method_definition;
    const plan = methods.plan(path);
    if (plan.passesThrough) return nextCall(options);
    const channel = options[CHANNEL];
    if (channel === undefined) {
      const reason = 'the options of replicated() were taken apart: give a client all of them, unchanged';
      return new RefusedCall(errorStatus('UNDERSTUDY_SETUP', reason, false));
    }
    channel.assertOpen();
    if (!requestStream && !responseStream) return new ReplicatedCall(channel.host, options, plan);
    return new StreamedCall(channel.host, options, plan);
  };
  // grpc-js asks for a class where it uses no more than the interface.
  return intercept as unknown as (...args: Parameters<Interceptor>) => InterceptingCall;
}

/**
 * Marks each call with its channel. A call that brings interceptors of its own, which in grpc-js replace the client's,
 * gets ours nearest the wire all the same.
 */
export function channelMarker(ours: Interceptor): CallInvocationTransformer {
  // biome-ignore lint/suspicious/noExplicitAny: grpc-js's own signature
  return (properties: CallProperties<any, any>) => {
    const { channel, callOptions } = properties;
    if (!(channel instanceof ReplicatedChannel)) return properties;
    const marked: typeof callOptions = { ...callOptions, [CHANNEL]: channel } as typeof callOptions;
    if (callOptions.interceptors?.length) marked.interceptors = [...callOptions.interceptors, ours];
    if (callOptions.interceptor_providers?.length) {
      marked.interceptor_providers = [...callOptions.interceptor_providers, () => ours];
    }
    properties.callOptions = marked;
    return properties;
  };
}
