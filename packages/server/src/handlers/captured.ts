import type { ServerMethodDefinition, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';

/** Turns a message of one type into bytes. What it returns need not be a Buffer: users write these. */
export type Serialize = (value: unknown) => unknown;
export type Deserialize = (bytes: Buffer) => unknown;
export type UnaryHandler = (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => unknown;

/** A unary method of the user's as it was registered. */
export interface CapturedMethod {
  readonly path: string;
  readonly handler: UnaryHandler;
  readonly requestDeserialize: Deserialize;
  readonly responseSerialize: Serialize;
  /** The other halves; unknown for a method registered without its definition (`server.register`). */
  readonly requestSerialize: Serialize | undefined;
  readonly responseDeserialize: Deserialize | undefined;
  /** `idempotency_level = NO_SIDE_EFFECTS` in its definition. */
  readonly readOnly: boolean;
  /** What interceptors are told about the method. */
  readonly descriptor: ServerMethodDefinition<unknown, unknown>;
}
