/** How a call or a message ended, with everything that its caller is sent. */
import { ERROR_CODES, type ErrorCode, GrpcStatus, trailersOf } from './error.js';
import type { MetadataEntries } from './grpc/metadata.js';

/**
 * A handler's answer with everything that its caller is sent. An error is a reply like any other, whatever its status
 * code and text.
 */
export interface Reply {
  readonly kind: 'reply';
  /** The gRPC status. Any integer, since a handler may end its call with codes that gRPC does not define. */
  readonly code: number;
  readonly details: string;
  /** The headers; absent for a trailers-only reply. */
  readonly initialMetadata?: MetadataEntries;
  readonly message?: Uint8Array;
  readonly trailers?: MetadataEntries;
}

/** How a message ended. */
export type Outcome =
  | Reply
  /** The message had no order when the primary changed: it had no effect and never will. Its session sends it again. */
  | { readonly kind: 'voided' }
  /** The handler did not end and was abandoned, so there is no reply. */
  | { readonly kind: 'abandoned' }
  /** A one-way call got its place in the order ([0045]). Its caller waits for nothing else. */
  | { readonly kind: 'accepted' }
  /** A part of a stream was processed. The handler's answers travel as items. */
  | { readonly kind: 'streamed' }
  /** A part of a stream that the group does not know: the opening was voided, or its order was cut by a promotion. */
  | { readonly kind: 'unknownStream' }
  /** The step ended while its handler waits for nested replies. The reply comes with a later order. */
  | { readonly kind: 'waits' };

/** The bytes of the message of a reply. */
export const replyBytes = (outcome: Outcome): number => (outcome.kind === 'reply' ? (outcome.message?.length ?? 0) : 0);

export const VOIDED: Outcome = Object.freeze({ kind: 'voided' });
export const ABANDONED: Outcome = Object.freeze({ kind: 'abandoned' });
export const ACCEPTED: Outcome = Object.freeze({ kind: 'accepted' });
export const STREAMED: Outcome = Object.freeze({ kind: 'streamed' });
export const UNKNOWN_STREAM = Object.freeze({ kind: 'unknownStream' }) satisfies Outcome;
export const WAITS: Outcome = Object.freeze({ kind: 'waits' });

/** How a stream ended: with a status, or because the group does not know it any more. */
export type StreamEnd = Reply | typeof UNKNOWN_STREAM;

/** An empty message, which is valid for any type that a one-way method may return. */
const EMPTY: Reply = Object.freeze({
  kind: 'reply',
  code: GrpcStatus.OK,
  details: 'OK',
  initialMetadata: Object.freeze([]),
  message: new Uint8Array(0),
});

/**
 * A status of ours as a reply, to be kept or put into the order. It is frozen, so that one may serve many calls.
 *
 * @param reason a sentence that a person can act on; never contains a payload
 */
export function ownReply(code: ErrorCode, reason: string): Reply {
  const { status } = ERROR_CODES[code];
  return Object.freeze({
    kind: 'reply',
    code: status,
    details: `${code}: ${reason}`,
    trailers: Object.freeze(trailersOf(code)),
  });
}

/** The reply to a repeated idempotency key or nested call whose handler was abandoned. */
export const INDETERMINATE = ownReply(
  'UNDERSTUDY_INDETERMINATE',
  'the handler of this call did not end; the call may have taken effect',
);

/** The outcome of a stream that a group opened and that its callee has ended without a status. */
export const NESTED_GONE = ownReply(
  'UNDERSTUDY_INDETERMINATE',
  'the stream was cancelled, or its records were freed; it may have taken effect',
);

/** Stands for a reply that was freed because its client acknowledged none of too many. */
export const REPLY_FREED = ownReply(
  'UNDERSTUDY_INDETERMINATE',
  'the reply was freed because more than budgets.sessionBytes of replies waited for this client; the call took effect',
);

const NO_EFFECT = ownReply('UNDERSTUDY_VOIDED', 'the message had no order when the primary changed; it had no effect');

const STREAM_LOST = ownReply(
  'UNDERSTUDY_INDETERMINATE',
  'the group does not know this stream any more; it may have taken effect',
);

/** The outcome as a gRPC reply, for a caller that knows nothing of replication. */
export function replyOf(outcome: Outcome): Reply {
  switch (outcome.kind) {
    case 'reply':
      return outcome;
    case 'accepted':
    case 'streamed':
      return EMPTY;
    case 'voided':
      return NO_EFFECT;
    case 'unknownStream':
      return STREAM_LOST;
    case 'abandoned':
    case 'waits':
      return INDETERMINATE;
  }
}
