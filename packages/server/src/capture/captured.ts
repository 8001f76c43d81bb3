/** A method of the user's as it was registered with the server. */
import type {
  MethodDefinition,
  ServerDuplexStream,
  ServerMethodDefinition,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from '@grpc/grpc-js';

/** Turns a message of one type into bytes. The result need not be a Buffer, because users write these functions. */
export type Serialize = (value: unknown) => unknown;
export type Deserialize = (bytes: Buffer) => unknown;

export type Callback = sendUnaryData<unknown>;
/** A method as the definition of its service describes it to grpc-js. */
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

/** The four kinds of methods, as grpc-js names them. */
export type MethodKind = keyof HandlerOf;

/** The properties that a captured method of any kind has. */
export interface CapturedCodec {
  readonly path: string;
  readonly requestDeserialize: Deserialize;
  readonly responseSerialize: Serialize;
}

interface Captured<K extends MethodKind> extends CapturedCodec {
  readonly kind: K;
  readonly handler: HandlerOf[K];
  /**
   * The client's halves of the codec; unknown for a method that was registered without its definition
   * (`server.register`).
   */
  readonly requestSerialize: Serialize | undefined;
  readonly responseDeserialize: Deserialize | undefined;
  /** Whether its definition says `idempotency_level = NO_SIDE_EFFECTS`. */
  readonly readOnly: boolean;
  /** The description of the method that interceptors get. */
  readonly descriptor: ServerMethodDefinition<unknown, unknown>;
}

export type CapturedUnary = Captured<'unary'>;
export type CapturedStream = Captured<'clientStream'> | Captured<'serverStream'> | Captured<'bidi'>;

/** A method of the user's as it was registered. */
export type CapturedMethod = CapturedUnary | CapturedStream;
