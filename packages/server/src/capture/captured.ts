import type {
  MethodDefinition,
  ServerDuplexStream,
  ServerMethodDefinition,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from '@grpc/grpc-js';

/** Turns a message of one type into bytes. What it returns need not be a Buffer: users write these. */
export type Serialize = (value: unknown) => unknown;
export type Deserialize = (bytes: Buffer) => unknown;

export type Callback = sendUnaryData<unknown>;
/** What grpc-js is told about a method in the definition of its service. */
export type Definition = MethodDefinition<unknown, unknown>;

export type UnaryHandler = (call: ServerUnaryCall<unknown, unknown>, callback: Callback) => unknown;
export type ClientStreamHandler = (call: ServerReadableStream<unknown, unknown>, callback: Callback) => unknown;
export type ServerStreamHandler = (call: ServerWritableStream<unknown, unknown>) => unknown;
export type BidiHandler = (call: ServerDuplexStream<unknown, unknown>) => unknown;

interface HandlerOf {
  readonly unary: UnaryHandler;
  readonly clientStream: ClientStreamHandler;
  readonly serverStream: ServerStreamHandler;
  readonly bidi: BidiHandler;
}

/** As grpc-js names them. */
export type MethodKind = keyof HandlerOf;

/** What does not depend on the kind. */
export interface CapturedCodec {
  readonly path: string;
  readonly requestDeserialize: Deserialize;
  readonly responseSerialize: Serialize;
}

interface Captured<K extends MethodKind> extends CapturedCodec {
  readonly kind: K;
  readonly handler: HandlerOf[K];
  /** The other halves; unknown for a method registered without its definition (`server.register`). */
  readonly requestSerialize: Serialize | undefined;
  readonly responseDeserialize: Deserialize | undefined;
  /** `idempotency_level = NO_SIDE_EFFECTS` in its definition. */
  readonly readOnly: boolean;
  /** What interceptors are told about the method. */
  readonly descriptor: ServerMethodDefinition<unknown, unknown>;
}

export type CapturedUnary = Captured<'unary'>;
export type CapturedStream = Captured<'clientStream'> | Captured<'serverStream'> | Captured<'bidi'>;

/** A method of the user's as it was registered. */
export type CapturedMethod = CapturedUnary | CapturedStream;
