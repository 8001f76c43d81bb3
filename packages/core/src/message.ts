import type { ConnectionId, SeqNum } from './ids.js';
import type { NestedCaller, NestedReply } from './nested.js';
import type { StreamPart } from './stream.js';

/** gRPC metadata as ordered pairs; binary values for keys that end in `-bin`. */
export type MetadataEntries = readonly (readonly [key: string, value: string | Uint8Array])[];

/** The body of a call, as against its orderInfo: all that a handler can be given. */
export interface Request {
  /** Full method path, `/package.Service/Method`. */
  readonly method: string;
  readonly message: Uint8Array;
  readonly metadata?: MetadataEntries;
  /** The caller's deadline, milliseconds since the Unix epoch. */
  readonly deadlineMs?: number;
  /** For a call without our interceptor that carries an idempotency key: who asks, what, under which key. */
  readonly key?: string;
  /** Its place in a stream; absent for a unary call. */
  readonly stream?: StreamPart;
  /** It was made by a group while that processed a message. */
  readonly nested?: NestedCaller;
  /** Not a call at all, but the reply to one that this group made. Then the method is empty. */
  readonly reply?: NestedReply;
}

/** What a log keeps of it, in bytes, but for what is small. */
export const bodyBytes = ({ message, reply }: Request): number =>
  message.length + (reply?.outcome.message?.length ?? 0);

/** How a call ended: everything that its caller is sent. An error is an outcome like any other. */
export interface Outcome {
  readonly code: number;
  readonly details: string;
  /** Absent for a trailers-only reply. */
  readonly initialMetadata?: MetadataEntries;
  readonly message?: Uint8Array;
  readonly trailers?: MetadataEntries;
}

/** A body with its name, forwarded between replicas. */
export interface Body {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  readonly request: Request;
}

/** What the caller of a message is told that had no order when the primary changed: it never had and never will have effect. */
export const VOIDED: Outcome = Object.freeze({
  code: 14,
  details: 'UNDERSTUDY_VOIDED: the message had no order when the primary changed; it had no effect',
});

export const isVoided = (outcome: Outcome): boolean =>
  outcome.code === VOIDED.code && outcome.details === VOIDED.details;

export const isAbandoned = (outcome: Outcome): boolean => outcome.code === ABANDONED.code;

/** The reply to a one-way call: a place in the order, and the empty message of whatever type it has ([0045]). */
export const ACCEPTED: Outcome = Object.freeze({
  code: 0,
  details: 'OK',
  initialMetadata: Object.freeze([]),
  message: new Uint8Array(0),
});

/** The end of a message whose handler never came to one: there is no reply. */
export const ABANDONED: Outcome = Object.freeze({ code: -1, details: 'abandoned' });

/** What an idempotency key is answered with whose call was abandoned. */
export const INDETERMINATE: Outcome = Object.freeze({
  code: 14,
  details: 'UNDERSTUDY_INDETERMINATE: the handler of this call did not come to its end; it may have taken effect',
});
