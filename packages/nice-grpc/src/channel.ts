/** The channel of nice-grpc clients whose calls survive the death of replicas. */
import { type ChannelCredentials, type ChannelOptions, credentials as grpcCredentials } from '@grpc/grpc-js';
import { type MethodsChannel, type ReplicatedOptions, replicatedChannel } from '@understudy/client';
import { checkOneGrpc } from './one-grpc.js';

/** What `replicated()` of `@understudy/client` is given; middleware takes the place of interceptors. */
export interface ChannelSettings extends Omit<ReplicatedOptions, 'interceptors'> {
  /** Options of grpc-js channels: limits, keepalive, names for TLS. Default: none. */
  readonly channelOptions?: ChannelOptions;
}

/**
 * In place of nice-grpc's `createChannel`. Make its clients with `createClient` or `createClientFactory` of this package.
 * `understudyClient(channel)` of `@understudy/client` gives its status, and a `close()` that can be awaited.
 *
 * @param target `understudy:///host:port,host:port` with the address of every replica
 * @param credentials default: without TLS
 * @throws UNDERSTUDY_CONFIG with what is wrong with the service config or the target, UNDERSTUDY_SETUP if nice-grpc uses
 *   another copy of grpc-js
 *
 * @example
 * const channel = createReplicatedChannel('understudy:///10.0.0.1:50051,10.0.0.2:50051', undefined, { serviceConfig });
 */
export function createReplicatedChannel(
  target: string,
  credentials: ChannelCredentials | undefined,
  { channelOptions = {}, ...options }: ChannelSettings,
): MethodsChannel {
  checkOneGrpc();
  return replicatedChannel(target, credentials ?? grpcCredentials.createInsecure(), options, channelOptions);
}
