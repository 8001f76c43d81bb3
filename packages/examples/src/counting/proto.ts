/** The counting gRPC service in TypeScript; counting.proto explains the fields. */
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface CountRequest {
  readonly tally: string;
  readonly number: number;
}
export interface CountReply {
  readonly number: number;
  readonly counted: number;
  readonly place: number;
}

export interface CountingHandlers extends grpc.UntypedServiceImplementation {
  count: grpc.handleBidiStreamingCall<CountRequest, CountReply>;
}

export interface CountingClient extends grpc.Client {
  count(): grpc.ClientDuplexStream<CountRequest, CountReply>;
}

type CountingClientConstructor = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => CountingClient;

const definitions = loadSync(fileURLToPath(new URL('../../protos/counting/v1/counting.proto', import.meta.url)), {
  defaults: true,
});

export const CountingService = definitions['counting.v1.Counting'] as grpc.ServiceDefinition;
export const CountingClient = grpc.makeGenericClientConstructor(
  CountingService,
  'Counting',
) as unknown as CountingClientConstructor;
