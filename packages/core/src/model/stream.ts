/**
 * Streams (DESIGN 5.8; the asynchronous requests and replies of [0041]–[0044]): parts, items, credits and their bounds.
 *
 * The parts that a client sends on a stream are ordered messages like any other. The seqNum of the part that opened the
 * stream names it. The items that the handler sends are numbered 1, 2, 3 … by their position.
 */

import type { MetadataEntries } from './grpc/metadata.js';
import type { ConnectionId, SeqNum } from './ids.js';
import { ownReply, type StreamEnd } from './outcome.js';

/** How many messages a side may send beyond what the other side has taken. */
export const STREAM_WINDOW = 256;
/** How many bytes a side may send beyond what the other side has taken. One message may always be on its way. */
export const STREAM_WINDOW_BYTES = 1024 * 1024;
/** How many streams one credit may name. An announcement carries a digest for each. */
export const STREAM_CREDITS_MAX = 64;
/** Once half a window is taken, the other side is told. */
export const STREAM_CREDIT_AT = STREAM_WINDOW / 2;
export const STREAM_CREDIT_AT_BYTES = STREAM_WINDOW_BYTES / 2;
/**
 * How many messages a handler may send without heeding back-pressure. Beyond that the stream ends with
 * RESOURCE_EXHAUSTED.
 */
export const STREAM_UNREAD_MAX = 16_384;
export const STREAM_UNREAD_MAX_BYTES = 64 * 1024 * 1024;

/** A part of a stream: one message that its client sends. Absent from the request of a unary call. */
export type StreamPart =
  /** Opens the stream. The request has the one message if the method takes just one. */
  | { readonly kind: 'open' }
  /** The next message. `position` is 1, 2, 3 … among the messages and the end of this stream. */
  | { readonly kind: 'message'; readonly of: SeqNum; readonly position: number }
  /** The client half-closes the stream. */
  | { readonly kind: 'end'; readonly of: SeqNum; readonly position: number }
  /** The client gave the stream up. */
  | { readonly kind: 'cancel'; readonly of: SeqNum }
  /** The application has taken items. There is room for more, and the taken ones will not be asked for again. */
  | { readonly kind: 'credit'; readonly taken: readonly Taken[] };

/** How far the application has taken the items of one stream. */
export interface Taken {
  readonly of: SeqNum;
  /** The last item that was taken. */
  readonly upTo: number;
}

/** An item of a stream: one thing that its handler sends. */
export type StreamItem =
  | { readonly kind: 'metadata'; readonly entries: MetadataEntries }
  | { readonly kind: 'message'; readonly message: Uint8Array }
  /**
   * The handler has taken the client's messages up to this position. A window has no index of its own, because handlers
   * that wait read and send at different times on each replica; the newest one counts. A window with an index stands
   * for an item that interceptors withheld.
   */
  | { readonly kind: 'window'; readonly upTo: number }
  /** The last item. A reply here has neither initial metadata nor a message. */
  | { readonly kind: 'status'; readonly outcome: StreamEnd };

/** A stream by its connection and the message that opened it. */
export interface StreamName {
  readonly connection: ConnectionId;
  readonly stream: SeqNum;
}

/** An item that a handler sent, perhaps on the stream of another client. */
export interface StreamOutput extends StreamName {
  readonly item: StreamItem;
  /** The digest of the item, 32 bits. */
  readonly digest: number;
}

/** The status of a stream that was ended before a replica with other code takes over. */
export const ENDED_FOR_SUCCESSOR = ownReply(
  'UNDERSTUDY_BACKLOG',
  'a replica with another version of the service takes over, and needs a copy of the state without open streams; open it again',
);

/** The status of a stream that was ended so that the state can be copied. */
export const ENDED_FOR_COPY = ownReply(
  'UNDERSTUDY_BACKLOG',
  'a passive group ends its streams when it has too many messages to replay; open it again, or raise backlogMax',
);
