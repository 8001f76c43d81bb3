/** The chat's gRPC service in TypeScript; chat.proto explains the fields. */
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

// Exactly one field of a oneof is set.

export interface Enter {
  readonly room: string;
  readonly name: string;
}
export interface Say {
  readonly text: string;
}
export interface JoinRequest {
  readonly enter?: Enter | null;
  readonly say?: Say | null;
}
export interface Entered {
  readonly after: number;
  readonly participants: number;
}
export interface Message {
  readonly number: number;
  readonly author: string;
  readonly text: string;
}
export interface JoinReply {
  readonly entered?: Entered | null;
  readonly message?: Message | null;
}
export interface RoomHistoryRequest {
  readonly room: string;
  readonly after: number;
}

/** The handlers of a chat, as grpc-js's `addService` takes them. */
export interface ChatHandlers extends grpc.UntypedServiceImplementation {
  join: grpc.handleBidiStreamingCall<JoinRequest, JoinReply>;
  history: grpc.handleServerStreamingCall<RoomHistoryRequest, Message>;
}

export interface ChatClient extends grpc.Client {
  join(): grpc.ClientDuplexStream<JoinRequest, JoinReply>;
  history(request: RoomHistoryRequest): grpc.ClientReadableStream<Message>;
}

type ChatClientConstructor = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => ChatClient;

const definitions = loadSync(fileURLToPath(new URL('../../protos/chat/v1/chat.proto', import.meta.url)), {
  defaults: true,
});

export const ChatService = definitions['chat.v1.Chat'] as grpc.ServiceDefinition;
export const ChatClient = grpc.makeGenericClientConstructor(ChatService, 'Chat') as unknown as ChatClientConstructor;
