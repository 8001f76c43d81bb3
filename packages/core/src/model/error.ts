import type { MetadataEntries } from './metadata.js';

/** gRPC status codes that errors of this library map to (grpc/grpc, statuscodes.md). */
export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** Every code, the gRPC status that a caller sees for it, and whether the call it ends may have taken effect. */
export const ERROR_CODES = {
  /** This replica is not the primary; nothing was touched. */
  UNDERSTUDY_NOT_PRIMARY: { status: GrpcStatus.ABORTED, mayHaveTakenEffect: false },
  /** The connection's record was freed, so whether an older call took effect cannot be told any more. */
  UNDERSTUDY_SESSION_EXPIRED: { status: GrpcStatus.ABORTED, mayHaveTakenEffect: true },
  /** The call's seqNum was voided before it was ordered: it never took and never will take effect. */
  UNDERSTUDY_VOIDED: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: false },
  /** No primary was reached before the request was sent to anyone. */
  UNDERSTUDY_UNREACHABLE: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: false },
  /** The request was sent and no reply came. */
  UNDERSTUDY_INDETERMINATE: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: true },
  /** A bound was reached; nothing was done. */
  UNDERSTUDY_OVERLOADED: { status: GrpcStatus.RESOURCE_EXHAUSTED, mayHaveTakenEffect: false },
  /** A passive group ended a stream, so that its state could be copied. */
  UNDERSTUDY_BACKLOG: { status: GrpcStatus.RESOURCE_EXHAUSTED, mayHaveTakenEffect: true },
  /** A live client holds an order that no survivor can complete; an operator must decide. */
  UNDERSTUDY_ORDER_LOST: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: true },
  /** Replicas computed different replies to the same order. */
  UNDERSTUDY_DIVERGED: { status: GrpcStatus.INTERNAL, mayHaveTakenEffect: true },
  /** The service config has an entry that cannot be used. */
  UNDERSTUDY_CONFIG: { status: GrpcStatus.INVALID_ARGUMENT, mayHaveTakenEffect: false },
  /** A header or frame cannot be decoded. */
  UNDERSTUDY_MALFORMED: { status: GrpcStatus.INVALID_ARGUMENT, mayHaveTakenEffect: false },
  /** A group record cannot be decoded. */
  UNDERSTUDY_RECORD_DAMAGED: { status: GrpcStatus.DATA_LOSS, mayHaveTakenEffect: false },
  /** The coordinator cannot be reached or used. */
  UNDERSTUDY_COORDINATOR: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: false },
  /** An idempotency key came again with another request. */
  UNDERSTUDY_KEY_REUSED: { status: GrpcStatus.INVALID_ARGUMENT, mayHaveTakenEffect: false },
  /** The service is set up in a way that replication cannot work with. */
  UNDERSTUDY_SETUP: { status: GrpcStatus.FAILED_PRECONDITION, mayHaveTakenEffect: false },
  /** A handler called another service after its message was processed, at a time that is another on each replica. */
  UNDERSTUDY_OUT_OF_ORDER: { status: GrpcStatus.FAILED_PRECONDITION, mayHaveTakenEffect: false },
  /** This kind of call is not replicated. */
  UNDERSTUDY_UNSUPPORTED: { status: GrpcStatus.UNIMPLEMENTED, mayHaveTakenEffect: false },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Trailer: the code of our error that ended the call. */
export const CODE_KEY = 'understudy-code';

/** Trailer: `true` or `false`, whether the call that was ended may have taken effect. */
export const EFFECT_KEY = 'understudy-may-have-taken-effect';

/** The trailers of every status of ours. */
export const trailersOf = (
  code: ErrorCode,
  mayHaveTakenEffect = ERROR_CODES[code].mayHaveTakenEffect,
): MetadataEntries => [
  [CODE_KEY, code],
  [EFFECT_KEY, String(mayHaveTakenEffect)],
];

/** The one error class of this library. */
export class UnderstudyError extends Error {
  override readonly name = 'UnderstudyError';
  /** Stable; safe to compare with. */
  readonly code: ErrorCode;
  /** The gRPC status that a call ended by this error carries. */
  readonly status: number;
  /** Whether the call that this error ends may have taken effect. */
  readonly mayHaveTakenEffect: boolean;

  /** @param message a sentence that a person can act on; never contains a payload */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.code = code;
    this.status = ERROR_CODES[code].status;
    this.mayHaveTakenEffect = ERROR_CODES[code].mayHaveTakenEffect;
  }
}
