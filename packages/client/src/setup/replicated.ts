/** The client's side that applications use: `replicated`, and the handle on a client made with it. */
import type { Channel, ChannelOptions, Client, ClientOptions, Interceptor } from '@grpc/grpc-js';
import { expectCalls } from '@understudy/context';
import { type Carrier, type Logger, UnderstudyError } from '@understudy/core';
import { didYouMean, parseServiceConfig, Session } from '@understudy/core/internal';
import { errorStatus, loggerOf } from '@understudy/grpc-common';
import { Methods } from '../call/methods.js';
import { RefusedCall } from '../call/refused-call.js';
import { type ChannelPlan, ReplicatedChannel } from '../channel/replicated-channel.js';
import type { ClientStatus } from '../channel/session-host.js';
import { RECONNECT_OPTIONS } from '../link/replica-client.js';
import { REPLICATED_OPTION } from '../routing/resolver.js';
import type { MakeSession } from '../session/session-port.js';
import { channelMarker, replicationInterceptor } from './interceptor.js';
import { registerUnderstudy } from './registration.js';

/** The options of `replicated`. */
export interface ReplicatedOptions {
  /**
   * gRPC service config whose `loadBalancingConfig` has the group's `understudy` entry; an object or JSON text. The one that
   * the replicas have. `UnderstudyServiceConfig` is its type, for editors and compilers.
   *
   * @example { loadBalancingConfig: [{ understudy: { group: 'bank' } }] }
   */
  readonly serviceConfig: object | string;
  /**
   * The application's own interceptors, outermost first; they see calls as they would without replication. They are given
   * here because grpc-js's `interceptors` option is ours. Default: none.
   */
  readonly interceptors?: readonly Interceptor[];
  /**
   * Receives what happens to sessions and streams, as an event with fields; never a payload. `'none'` for silence. Default:
   * warnings and errors, each as one line of JSON on stderr.
   */
  readonly logger?: Logger | 'none';
  /**
   * How this client's calls travel: `stream`, as frames on one link to each replica, or `rpc`, each as an RPC of its own.
   * Default: the service config's, which defaults to `stream`.
   */
  readonly carrier?: Carrier;
  /**
   * For a client that handlers of a replicated service use: the secret by which the group that is called knows that this
   * group makes the call, at least 32 characters. That group has it in its `callerSecrets`. Default: nothing is proved.
   */
  readonly callerSecret?: string;
}

const BY_HAND =
  'the call bypassed the interceptor of replicated() and would not be replicated; make it with the client that was given the options';

const SECRET_MIN = 32;

/**
 * Options for any grpc-js client whose target is `understudy:///host:port,…` with the address of every replica of the
 * group. The client's calls then survive the death of replicas. A unary call that a handler of a replicated service
 * makes with such a client is sent once, by the primary of the handler's group; a handler cannot make streams.
 *
 * The options may be given to several clients. They may be extended by other channel options, such as those for TLS,
 * but not by interceptors, `callInvocationTransformer` or channel overrides.
 *
 * @throws UNDERSTUDY_CONFIG with the path of the field that is wrong; the client's constructor throws it for a wrong
 *   target; UNDERSTUDY_SETUP for a `callerSecret` that is too short
 */
export function replicated(options: ReplicatedOptions): ClientOptions {
  return replicatedWith(options);
}

/** The part that all channels of one set of options share. */
export interface Prepared {
  readonly methods: Methods;
  readonly plan: ChannelPlan;
  /** Options that every channel needs. */
  readonly channelOptions: ChannelOptions;
}

/** Checks the options and prepares what their channels need. */
export function prepare(
  options: Omit<ReplicatedOptions, 'interceptors'>,
  makeSession: MakeSession = (setup) => new Session(setup),
): Prepared {
  checkNames(options);
  const { serviceConfig, logger: option, carrier, callerSecret } = options;
  const parsed = parseServiceConfig(serviceConfig);
  const logger = loggerOf(option, { group: parsed.group });
  if (callerSecret !== undefined && (typeof callerSecret !== 'string' || callerSecret.length < SECRET_MIN)) {
    throw new UnderstudyError('UNDERSTUDY_SETUP', `callerSecret must be a text of at least ${SECRET_MIN} characters`);
  }
  const config = carrier === undefined ? parsed : { ...parsed, carrier };
  const json: object = typeof serviceConfig === 'string' ? JSON.parse(serviceConfig) : serviceConfig;
  registerUnderstudy();
  expectCalls();
  const methods = new Methods(config, json);
  return {
    methods,
    plan: {
      ...{ config, makeSession, logger, callerSecret },
      refuse: () => new RefusedCall(errorStatus('UNDERSTUDY_SETUP', BY_HAND)),
      passesThrough: (path) => methods.plan(path).passesThrough,
    },
    channelOptions: {
      // A replica that was down may come back soon, so grpc-js must not wait long before it tries again.
      ...RECONNECT_OPTIONS,
      'grpc.service_config': JSON.stringify(json),
      [REPLICATED_OPTION]: 1,
    },
  };
}

/** Does what `replicated` does, with sessions that `makeSession` makes. */
export function replicatedWith(options: ReplicatedOptions, makeSession?: MakeSession): ClientOptions {
  const { methods, plan, channelOptions } = prepare(options, makeSession);
  const ours = replicationInterceptor(methods);
  return {
    ...channelOptions,
    interceptors: [...(options.interceptors ?? []), ours],
    callInvocationTransformer: channelMarker(methods, ours),
    channelFactoryOverride: (target, credentials, own) => new ReplicatedChannel(target, credentials, own, plan),
  };
}

const OPTIONS: Readonly<Record<keyof ReplicatedOptions, true>> = {
  ...{ serviceConfig: true, interceptors: true, logger: true, carrier: true, callerSecret: true },
};

/** @throws UNDERSTUDY_SETUP for an unknown option; options of grpc-js go beside these */
function checkNames(options: ReplicatedOptions): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTIONS, name));
  if (unknown === undefined) return;
  const near = didYouMean(unknown, Object.keys(OPTIONS));
  const reason = `replicated() has no option ${JSON.stringify(unknown.slice(0, 60))}${near}`;
  throw new UnderstudyError('UNDERSTUDY_SETUP', `${reason}. Channel options go beside it: { ...replicated({…}), … }`);
}

/** The handle on a replicated client, for everything besides its calls. */
export interface UnderstudyClient {
  /**
   * Takes no new calls, lets the open ones end, flushes, waits within a bound for stability, deregisters and ends the
   * client's links. The stub's own `close()` begins the same, and this awaits it.
   *
   * @returns whether nothing unstable was left behind
   */
  close(): Promise<boolean>;
  status(): ClientStatus;
}

/**
 * The replication side of a stub that was made with the options of `replicated`, or of a channel that `replicatedChannel`
 * made.
 *
 * @throws UNDERSTUDY_SETUP if it was made otherwise
 */
export function understudyClient(client: Client | Channel): UnderstudyClient {
  const channel = 'getChannel' in client ? client.getChannel() : client;
  if (!(channel instanceof ReplicatedChannel)) {
    const reason = 'the client was not made with the options of replicated(); give them to its constructor';
    throw new UnderstudyError('UNDERSTUDY_SETUP', reason);
  }
  return { close: () => channel.closeSessions(), status: () => channel.status };
}
