import type { Client, ClientOptions, Interceptor } from '@grpc/grpc-js';
import { expectCalls } from '@understudy/context';
import { type Carrier, type Logger, UnderstudyError } from '@understudy/core';
import { parseServiceConfig, Session } from '@understudy/core/internal';
import { RECONNECT_OPTIONS } from './backoff.js';
import { channelMarker, replicationInterceptor } from './interceptor.js';
import { Methods } from './methods.js';
import { registerUnderstudy } from './registration.js';
import { ReplicatedChannel } from './replicated-channel.js';
import type { ClientStatus } from './session-host.js';
import type { MakeSession } from './session-port.js';

/** What `replicated` needs to know. */
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
  /** Receives what happens to sessions and streams, as an event with fields; never a payload. Default: nothing is logged. */
  readonly logger?: Logger;
  /**
   * How this client's calls travel: `stream`, as frames on one stream to each replica, or `rpc`, each as an RPC of its own.
   * Default: the service config's, which defaults to `stream`.
   */
  readonly carrier?: Carrier;
}

const silent: Logger = { log() {} };

/**
 * Options for any grpc-js client whose target is `understudy:///host:port,…` with every replica of the group: its calls
 * then survive the death of replicas. Those that a handler of a replicated service makes, unary ones only, are sent once, by
 * the primary of its group. May be given to several clients. To be extended by other channel options,
 * such as those for TLS, but not by interceptors, `callInvocationTransformer` or channel overrides.
 *
 * @throws UNDERSTUDY_CONFIG with the path of the field that is wrong; the client's constructor throws it for the target
 */
export function replicated(options: ReplicatedOptions): ClientOptions {
  return replicatedWith(options, (setup) => new Session(setup));
}

/** `replicated` with sessions of another making. */
export function replicatedWith(
  { serviceConfig, interceptors = [], logger = silent, carrier }: ReplicatedOptions,
  makeSession: MakeSession,
): ClientOptions {
  const parsed = parseServiceConfig(serviceConfig);
  const config = carrier === undefined ? parsed : { ...parsed, carrier };
  const json: object = typeof serviceConfig === 'string' ? JSON.parse(serviceConfig) : serviceConfig;
  registerUnderstudy();
  expectCalls();
  const methods = new Methods(config, json);
  const ours = replicationInterceptor(methods);
  return {
    // A replica that was down is one that calls go to soon.
    ...RECONNECT_OPTIONS,
    interceptors: [...interceptors, ours],
    callInvocationTransformer: channelMarker(methods, ours),
    channelFactoryOverride: (target, credentials, channelOptions) =>
      new ReplicatedChannel(target, credentials, channelOptions, { config, makeSession, logger }),
    'grpc.service_config': JSON.stringify(json),
  };
}

/** What a replicated client can be asked beyond its calls. */
export interface UnderstudyClient {
  /**
   * Takes no new calls, lets open ones end, flushes, waits within a bound for stability, deregisters and ends the
   * client's streams. What the stub's own `close()` begins, this awaits.
   *
   * @returns whether nothing unstable was left behind
   */
  close(): Promise<boolean>;
  status(): ClientStatus;
}

/**
 * The replication side of a stub made with the options of `replicated`.
 *
 * @throws UNDERSTUDY_SETUP if it was made without
 */
export function understudyClient(client: Client): UnderstudyClient {
  const channel = client.getChannel();
  if (!(channel instanceof ReplicatedChannel)) {
    const reason = 'the client was not made with the options of replicated(); give them to its constructor';
    throw new UnderstudyError('UNDERSTUDY_SETUP', reason);
  }
  return { close: () => channel.closeSessions(), status: () => channel.status };
}
