/** The measured service as grpc-js needs it: types, service definition and client. */
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface AddRequest {
  readonly amount: number;
  readonly payload: Uint8Array;
  /** How many steps of a loop the handler does before it answers. Default 0. */
  readonly work?: number;
}
export interface AddReply {
  readonly total: number;
  readonly payload: Uint8Array;
}

export interface CounterHandlers extends grpc.UntypedServiceImplementation {
  add: grpc.handleUnaryCall<AddRequest, AddReply>;
  addEach: grpc.handleBidiStreamingCall<AddRequest, AddReply>;
}

export interface CounterClient extends grpc.Client {
  add(request: AddRequest, callback: grpc.requestCallback<AddReply>): grpc.ClientUnaryCall;
  add(request: AddRequest, options: grpc.CallOptions, callback: grpc.requestCallback<AddReply>): grpc.ClientUnaryCall;
  addEach(): grpc.ClientDuplexStream<AddRequest, AddReply>;
}

type CounterClientConstructor = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => CounterClient;

const definitions = loadSync(fileURLToPath(new URL('../../protos/bench/v1/bench.proto', import.meta.url)), {
  defaults: true,
});

export const CounterService = definitions['bench.v1.Counter'] as grpc.ServiceDefinition;
export const CounterClient = grpc.makeGenericClientConstructor(
  CounterService,
  'Counter',
) as unknown as CounterClientConstructor;

/** A payload of this many bytes makes a message of this service 100 bytes long. */
export const PAYLOAD_BYTES = 93;
