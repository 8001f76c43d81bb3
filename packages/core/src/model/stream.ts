import type { ConnectionId, SeqNum } from './ids.js';
import type { MetadataEntries } from './metadata.js';
import { ownReply, type StreamEnd } from './outcome.js';

/**
 * A call with more than one message (DESIGN 5.8; the asynchronous requests and replies of [0041]–[0044]). What its client
 * sends are ordered messages like any other; the seqNum of the one that opened it names the stream. What the handler
 * sends are items, numbered 1, 2, 3 … by their position.
 */

/** Messages a side may be ahead of what the other side has taken. */
export const STREAM_WINDOW = 256;
/** Bytes likewise; one message may always be on its way. */
export const STREAM_WINDOW_BYTES = 1024 * 1024;
/** Streams that one message of credits may name: so many digests an announcement may carry. */
export const STREAM_CREDITS_MAX = 64;
/** Half a window is taken before the other side hears of it. */
export const STREAM_CREDIT_AT = STREAM_WINDOW / 2;
export const STREAM_CREDIT_AT_BYTES = STREAM_WINDOW_BYTES / 2;
/** Messages of a handler that heeds no back-pressure: beyond it the stream ends, with RESOURCE_EXHAUSTED. */
export const STREAM_UNREAD_MAX = 16_384;
export const STREAM_UNREAD_MAX_BYTES = 64 * 1024 * 1024;

/** What a client's message does in a stream. Absent from a request: a unary call. */
export type StreamPart =
  /** Opens a stream, with the one request where the method takes one. */
  | { readonly kind: 'open' }
  /** `position`: 1, 2, 3 … among the messages and the end of this stream. */
  | { readonly kind: 'message'; readonly of: SeqNum; readonly position: number }
  /** The client half-closes. */
  | { readonly kind: 'end'; readonly of: SeqNum; readonly position: number }
  | { readonly kind: 'cancel'; readonly of: SeqNum }
  /** The application has taken items: there is room for more, and these are not asked for again. */
  | { readonly kind: 'credit'; readonly taken: readonly Taken[] };

export interface Taken {
  readonly of: SeqNum;
  /** Items up to here. */
  readonly upTo: number;
}

/** What a handler sends on a stream. */
export type StreamItem =
  | { readonly kind: 'metadata'; readonly entries: MetadataEntries }
  | { readonly kind: 'message'; readonly message: Uint8Array }
  /**
   * The handler has taken the client's messages up to this position. It has no number of its own, since a handler that
   * waits for something else reads and sends at other times on each replica; the newest is what counts. One with a number
   * stands for an item that interceptors kept back.
   */
  | { readonly kind: 'window'; readonly upTo: number }
  /** The last one. A reply here has neither initial metadata nor a message. */
  | { readonly kind: 'status'; readonly outcome: StreamEnd };

/** What a handler sent, perhaps on the stream of another client. */
export interface StreamOutput {
  readonly connection: ConnectionId;
  readonly stream: SeqNum;
  readonly item: StreamItem;
  /** Of the item, 32 bits. */
  readonly digest: number;
}

/** What the client of a stream is told that was ended so that the state can be copied. */
export const ENDED_FOR_COPY = ownReply(
  'UNDERSTUDY_BACKLOG',
  'a passive group ends its streams when it has too many messages to replay; open it again, or raise backlogMax',
);
