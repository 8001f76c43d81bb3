/** The post office's gRPC service in TypeScript; post.proto explains the fields. */
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface Parcel {
  readonly recipient: string;
  readonly content: string;
  readonly reference: string;
}
export interface Dispatched {
  readonly trackingNumber: number;
}

/** The handlers of a post office, as grpc-js's `addService` takes them. */
export interface PostHandlers extends grpc.UntypedServiceImplementation {
  dispatch: grpc.handleUnaryCall<Parcel, Dispatched>;
}

export interface PostClient extends grpc.Client {
  dispatch(parcel: Parcel, callback: grpc.requestCallback<Dispatched>): grpc.ClientUnaryCall;
  dispatch(parcel: Parcel, metadata: grpc.Metadata, callback: grpc.requestCallback<Dispatched>): grpc.ClientUnaryCall;
}

type PostClientConstructor = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => PostClient;

const definitions = loadSync(fileURLToPath(new URL('../../protos/post/v1/post.proto', import.meta.url)), {
  defaults: true,
});

export const PostService = definitions['post.v1.PostOffice'] as grpc.ServiceDefinition;
export const PostClient = grpc.makeGenericClientConstructor(
  PostService,
  'PostOffice',
) as unknown as PostClientConstructor;
