/** Calls of all kinds, made by method and message. */
import {
  type Client,
  type ClientReadableStream,
  Metadata,
  type ServiceError,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import type { AnyMethod } from './methods.js';

/** A call as a test writes it down. */
export interface TestCall {
  /** `Deposit`, `Bank/Deposit` or the whole path, `/bank.v1.Bank/Deposit`. */
  readonly method: string;
  /** The request; for a method that takes a stream, a list of its messages. Default: `{}`. */
  readonly request?: unknown;
  /** Metadata of the call. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** How a call ended. */
export interface CallOutcome {
  /** gRPC's status code; 0 if the call succeeded. */
  readonly code: number;
  readonly details: string;
  /** The reply; for a method that returns a stream, a list of its messages. */
  readonly reply: unknown;
}

/** Makes a call and waits for its end. Never rejects: failures are outcomes. */
export function makeCall(client: Client, method: AnyMethod, call: TestCall): Promise<CallOutcome> {
  const { request = {} } = call;
  const { path, requestStream, responseStream, requestSerialize, responseDeserialize } = method;
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(call.metadata ?? {})) metadata.set(key, value);
  const messages = requestStream ? [request].flat(1) : [];
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, reply?: unknown): void =>
      resolve(error === null ? succeeded(reply) : { code: error.code, details: error.details, reply: undefined });
    const replies: unknown[] = [];
    const collect = (stream: ClientReadableStream<unknown>): void => {
      stream.on('data', (reply: unknown) => replies.push(reply));
      stream.on('error', () => {});
      stream.on('status', ({ code, details }: StatusObject) => resolve({ code, details, reply: replies }));
    };
    if (requestStream && responseStream) {
      const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
      collect(stream);
      send(stream, messages);
    } else if (responseStream) {
      collect(client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata));
    } else if (requestStream) {
      send(client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, metadata, done), messages);
    } else {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, done);
    }
  });
}

const succeeded = (reply: unknown): CallOutcome => ({ code: status.OK, details: '', reply });

function send(stream: { write(message: unknown): unknown; end(): void }, messages: readonly unknown[]): void {
  for (const message of messages) stream.write(message);
  stream.end();
}
