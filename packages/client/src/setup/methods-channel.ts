/** A replicated channel for frameworks that make their clients on a channel that they are given. */
import type { Channel, ChannelCredentials, ChannelOptions, InterceptorOptions } from '@grpc/grpc-js';
import { currentHandling } from '@understudy/context';
import { errorStatus, identity } from '@understudy/grpc-common';
import { ChannelCall } from '../call/channel-call.js';
import type { Methods } from '../call/methods.js';
import { RefusedCall } from '../call/refused-call.js';
import { ReplicatedCall } from '../call/replicated-call.js';
import { StreamedCall } from '../call/streamed-call.js';
import { ReplicatedChannel } from '../channel/replicated-channel.js';
import { HandlerChannel } from '../nested/handler-channel.js';
import { departure } from './interceptor.js';
import { type Prepared, prepare, type ReplicatedOptions } from './replicated.js';

/** The properties of a method that a channel must know, since grpc-js tells channels only the path. */
export interface MethodKinds {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** A channel whose calls are replicated whichever client makes them. `understudyClient` gives the handle on it. */
export interface MethodsChannel extends Channel {
  /** Says of which kinds methods are. Calls of others end with UNDERSTUDY_SETUP. */
  know(methods: Iterable<MethodKinds>): void;
}

/**
 * A channel for frameworks that make their own clients on a channel that they are given, such as nice-grpc. A grpc-js
 * client takes `replicated()` instead.
 *
 * @param target `understudy:///host:port,…` with the address of every replica
 * @param channelOptions those for TLS, limits and the like
 * @throws UNDERSTUDY_CONFIG with what is wrong with the service config or the target
 *
 * @example
 * const channel = replicatedChannel(target, credentials.createInsecure(), { serviceConfig });
 * channel.know(Object.values(BankService));
 * const client = new BankClient('', credentials.createInsecure(), { channelOverride: channel });
 */
export function replicatedChannel(
  target: string,
  credentials: ChannelCredentials,
  options: Omit<ReplicatedOptions, 'interceptors'>,
  channelOptions: ChannelOptions = {},
): MethodsChannel {
  return new KnowingChannel(target, credentials, channelOptions, prepare(options));
}

class KnowingChannel extends ReplicatedChannel implements MethodsChannel {
  readonly #methods: Methods;
  readonly #known = new Map<string, MethodKinds>();

  constructor(
    target: string,
    credentials: ChannelCredentials,
    own: ChannelOptions,
    { methods, plan, channelOptions }: Prepared,
  ) {
    super(target, credentials, { ...channelOptions, ...own }, plan);
    this.#methods = methods;
  }

  know(methods: Iterable<MethodKinds>): void {
    for (const { path, requestStream, responseStream } of methods) {
      this.#known.set(path, { path, requestStream, responseStream });
    }
  }

  protected override createReplicated(
    ...[path, deadline, host, parent, propagate_flags]: Parameters<Channel['createCall']>
  ): ReturnType<Channel['createCall']> {
    const known = this.#known.get(path);
    if (known === undefined) return new RefusedCall(errorStatus('UNDERSTUDY_SETUP', unknownMethod(path)));
    const handling = currentHandling();
    if (handling !== undefined) {
      return new HandlerChannel(handling, known, departure(this.#methods, this)).createCall(path, deadline, host);
    }
    const plan = this.#methods.plan(path);
    return new ChannelCall(path, (credentials) => {
      const options: InterceptorOptions = {
        deadline,
        method_definition: { ...known, requestSerialize: identity, responseDeserialize: identity },
        ...(typeof host === 'string' && { host }),
        // The interface of all kinds of calls; only what all of them have is used.
        ...(parent !== null && { parent: parent as NonNullable<InterceptorOptions['parent']> }),
        ...(typeof propagate_flags === 'number' && { propagate_flags }),
        ...(credentials !== undefined && { credentials }),
      };
      const Call = known.requestStream || known.responseStream ? StreamedCall : ReplicatedCall;
      return new Call(this.host, options, plan);
    });
  }
}

const unknownMethod = (path: string): string =>
  `the channel does not know whether ${path} streams, so the call would not be replicated; give its service's methods to ` +
  'know() of the channel';
