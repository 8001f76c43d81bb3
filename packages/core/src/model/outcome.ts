import { ERROR_CODES, type ErrorCode, GrpcStatus, trailersOf } from './error.js';
import type { MetadataEntries } from './metadata.js';

/**
 * What a handler answered, with everything that its caller is sent. An error is a reply like any other, whatever its
 * status code and text.
 */
export interface Reply {
  readonly kind: 'reply';
  /** Any integer: a handler may end its call with codes that gRPC does not define. */
  readonly code: number;
  readonly details: string;
  /** Absent for a trailers-only reply. */
  readonly initialMetadata?: MetadataEntries;
  readonly message?: Uint8Array;
  readonly trailers?: MetadataEntries;
}

/** What became of a message. */
export type Outcome =
  | Reply
  /** It had no order when the primary changed: it never had an effect and never will. Its session sends it again. */
  | { readonly kind: 'voided' }
  /** Its handler was left behind before it came to an end: there is no reply. */
  | { readonly kind: 'abandoned' }
  /** A one-way call got its place in the order ([0045]); its caller waits for nothing else. */
  | { readonly kind: 'accepted' }
  /** A message of a stream was processed. What the handler said to it travels as items. */
  | { readonly kind: 'streamed' }
  /**
   * A message of a stream that the group does not know: the opening was voided, or was cut with what a promotion could
   * not adopt.
   */
  | { readonly kind: 'unknownStream' }
  /** The step ended while its handler waits for replies to calls that it made. The reply follows in a later order. */
  | { readonly kind: 'waits' };

export const VOIDED: Outcome = Object.freeze({ kind: 'voided' });
export const ABANDONED: Outcome = Object.freeze({ kind: 'abandoned' });
export const ACCEPTED: Outcome = Object.freeze({ kind: 'accepted' });
export const STREAMED: Outcome = Object.freeze({ kind: 'streamed' });
export const UNKNOWN_STREAM = Object.freeze({ kind: 'unknownStream' }) satisfies Outcome;
export const WAITS: Outcome = Object.freeze({ kind: 'waits' });

/** How a stream ended: with its handler's status, or because the group does not know it any more. */
export type StreamEnd = Reply | typeof UNKNOWN_STREAM;

/** The empty message of whatever type a one-way method answers with. */
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

/** What an idempotency key, or a calling group, is answered with when the handler of its call was left behind. */
export const INDETERMINATE = ownReply(
  'UNDERSTUDY_INDETERMINATE',
  'the handler of this call did not come to its end; it may have taken effect',
);

const NO_EFFECT = ownReply('UNDERSTUDY_VOIDED', 'the message had no order when the primary changed; it had no effect');

const STREAM_LOST = ownReply(
  'UNDERSTUDY_INDETERMINATE',
  'the group does not know this stream any more; it may have taken effect',
);

/** What a caller that knows nothing of replication is told of an outcome. */
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
