import type { ServerUnaryCall } from '@grpc/grpc-js';

/** A unary call of the tests' JSON service, whose request may have a text. */
export type TextCall = ServerUnaryCall<{ text?: string }, unknown>;
