/** A NestJS gRPC client whose calls survive the death of replicas. */
import { type GrpcOptions, Transport } from '@nestjs/microservices';
import { type ReplicatedOptions, replicated } from '@understudy/client';

/** The options of `replicatedClient`: Nest's own for a gRPC client, and those of `replicated()`. */
export interface ReplicatedClientOptions extends Omit<GrpcOptions['options'], 'url'> {
  /** `understudy:///host:port,host:port` with the address of every replica. */
  readonly url: string;
  /** The options of `replicated()`, including the service config. */
  readonly replicated: ReplicatedOptions;
}

/**
 * Options for `ClientsModule.register`, `@Client` and `ClientProxyFactory.create`.
 *
 * @throws UNDERSTUDY_CONFIG with the field of the service config that is wrong
 *
 * @example
 * ClientsModule.register([{ name: 'BANK', ...replicatedClient({ package: 'bank.v1', protoPath, url, replicated: { serviceConfig } }) }])
 */
export function replicatedClient({ replicated: ours, ...options }: ReplicatedClientOptions): {
  readonly transport: Transport.GRPC;
  readonly options: GrpcOptions['options'];
} {
  const channelOptions = { ...options.channelOptions, ...replicated(ours) };
  // Nest passes channel options on to the constructor of a grpc-js client, which takes client options too.
  return { transport: Transport.GRPC, options: { ...options, channelOptions: channelOptions as object } };
}
