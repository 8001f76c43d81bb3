/** The measured service as grpc-js needs it: types, service definition and client. */
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface AddRequest {
  readonly amount: number;
  readonly payload: Uint8Array;
  /** How many steps of a loop the handler does before it answers. Default 0. */
  readonly work?: number;
  /** How long the handler waits before it answers, milliseconds. Default 0. */
  readonly waitMs?: number;
  /** Whether it waits for an effect in the outside world, and not for a timer. Default: no. */
  readonly once?: boolean;
  /** How many bytes the reply's payload has. Default 0: it is the request's. */
  readonly replyBytes?: number;
}
export interface AddReply {
  readonly total: number;
  readonly payload: Uint8Array;
}

export interface CounterHandlers extends grpc.UntypedServiceImplementation {
  add: grpc.handleUnaryCall<AddRequest, AddReply>;
  addLarge: grpc.handleUnaryCall<AddRequest, AddReply>;
  total: grpc.handleUnaryCall<AddRequest, AddReply>;
  addEach: grpc.handleBidiStreamingCall<AddRequest, AddReply>;
}

export interface CounterClient extends grpc.Client {
  add(request: AddRequest, callback: grpc.requestCallback<AddReply>): grpc.ClientUnaryCall;
  add(request: AddRequest, options: grpc.CallOptions, callback: grpc.requestCallback<AddReply>): grpc.ClientUnaryCall;
  addLarge(request: AddRequest, callback: grpc.requestCallback<AddReply>): grpc.ClientUnaryCall;
  total(request: AddRequest, callback: grpc.requestCallback<AddReply>): grpc.ClientUnaryCall;
  total(request: AddRequest, options: grpc.CallOptions, callback: grpc.requestCallback<AddReply>): grpc.ClientUnaryCall;
  addEach(metadata?: grpc.Metadata): grpc.ClientDuplexStream<AddRequest, AddReply>;
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

/** Messages of any size, for a server and for a client. The defaults of gRPC end at 4 MiB. */
export const ANY_SIZE = { 'grpc.max_receive_message_length': -1 } as const satisfies grpc.ChannelOptions;

/** A payload of this many bytes makes a message of this service 100 bytes long. */
export const PAYLOAD_BYTES = 93;
