/** The errors of this library: stable codes, the gRPC status of each, and whether the call may have taken effect. */
import type { MetadataEntries } from './grpc/metadata.js';

/** The gRPC status codes that errors of this library map to (grpc/grpc, statuscodes.md). */
export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/**
 * Every error code. `status` is the gRPC status that a caller sees. `mayHaveTakenEffect` says whether the call that the
 * error ends may have taken effect; if not, it is safe to repeat it.
 */
export const ERROR_CODES = {
  /** This replica is not the primary. The call had no effect here. */
  UNDERSTUDY_NOT_PRIMARY: { status: GrpcStatus.ABORTED, mayHaveTakenEffect: false },
  /** The connection's records were freed, so it is unknown whether an older call took effect. */
  UNDERSTUDY_SESSION_EXPIRED: { status: GrpcStatus.ABORTED, mayHaveTakenEffect: true },
  /** The call was voided before it was ordered: it had no effect and never will. */
  UNDERSTUDY_VOIDED: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: false },
  /** No primary was reached in time, and the request was sent to nobody. */
  UNDERSTUDY_UNREACHABLE: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: false },
  /** The request was sent, but no reply came. */
  UNDERSTUDY_INDETERMINATE: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: true },
  /** A bound of a queue or of sessions was reached. The call had no effect. */
  UNDERSTUDY_OVERLOADED: { status: GrpcStatus.RESOURCE_EXHAUSTED, mayHaveTakenEffect: false },
  /** The group ended a stream so that its state could be copied. Open the stream again. */
  UNDERSTUDY_BACKLOG: { status: GrpcStatus.RESOURCE_EXHAUSTED, mayHaveTakenEffect: true },
  /** A live client holds an order that no surviving replica has. The group stops; an operator must decide. */
  UNDERSTUDY_ORDER_LOST: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: true },
  /** Replicas came to different results for the same order. */
  UNDERSTUDY_DIVERGED: { status: GrpcStatus.INTERNAL, mayHaveTakenEffect: true },
  /** The service config has a setting that cannot be used. */
  UNDERSTUDY_CONFIG: { status: GrpcStatus.INVALID_ARGUMENT, mayHaveTakenEffect: false },
  /** A header or frame cannot be decoded, or makes no sense. */
  UNDERSTUDY_MALFORMED: { status: GrpcStatus.INVALID_ARGUMENT, mayHaveTakenEffect: false },
  /** A group's record in the coordinator cannot be read. */
  UNDERSTUDY_RECORD_DAMAGED: { status: GrpcStatus.DATA_LOSS, mayHaveTakenEffect: false },
  /** The coordinator was not reached in time, or cannot be used. */
  UNDERSTUDY_COORDINATOR: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: false },
  /** A replica did not get to serve or back up in the time that it was given. */
  UNDERSTUDY_BLOCKED: { status: GrpcStatus.UNAVAILABLE, mayHaveTakenEffect: false },
  /** An idempotency key was used again with another request. */
  UNDERSTUDY_KEY_REUSED: { status: GrpcStatus.INVALID_ARGUMENT, mayHaveTakenEffect: false },
  /** The session, or the name of the calling group, belongs to somebody else. Nothing was done. */
  UNDERSTUDY_NOT_OWNER: { status: GrpcStatus.PERMISSION_DENIED, mayHaveTakenEffect: false },
  /** The service is set up in a way that replication does not work with. */
  UNDERSTUDY_SETUP: { status: GrpcStatus.FAILED_PRECONDITION, mayHaveTakenEffect: false },
  /**
   * A handler called another service after its message was processed. Replicas would make that call at different times,
   * so it is refused.
   */
  UNDERSTUDY_OUT_OF_ORDER: { status: GrpcStatus.FAILED_PRECONDITION, mayHaveTakenEffect: false },
  /**
   * Primaries died while they processed this message, so no replica processes it any more. The message names the method.
   */
  UNDERSTUDY_POISON: { status: GrpcStatus.INTERNAL, mayHaveTakenEffect: true },
  /** This kind of call is not replicated. */
  UNDERSTUDY_UNSUPPORTED: { status: GrpcStatus.UNIMPLEMENTED, mayHaveTakenEffect: false },
} as const;

/** The code of an `UnderstudyError`. Codes are stable: later versions may add codes, but do not rename them. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Trailer: the code of our error that ended the call. */
export const CODE_KEY = 'understudy-code';

/** Trailer of an answer that a backup gave: the last order that it reflects. */
export const ORDER_NUM_KEY = 'understudy-order-num';

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

/** The one error class of this library. Its message begins with its code. */
export class UnderstudyError extends Error {
  override readonly name = 'UnderstudyError';
  /** The stable code, for programs to compare with. */
  readonly code: ErrorCode;
  /** The gRPC status that a call ended by this error carries. */
  readonly status: number;
  /** Whether the call that this error ends may have taken effect. */
  readonly mayHaveTakenEffect: boolean;

  /**
   * @param message a sentence that a person can act on; it never contains a payload
   * @param options `cause`: the error that led to this one
   */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.code = code;
    this.status = ERROR_CODES[code].status;
    this.mayHaveTakenEffect = ERROR_CODES[code].mayHaveTakenEffect;
  }
}

/** Short descriptions of arbitrary values, for error sentences. */

/** Describes a value in a few words. The result is never long, whatever the value. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'function') return 'a function';
  return String(value);
}
