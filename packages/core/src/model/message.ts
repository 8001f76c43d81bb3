/** The body of a message: everything that a handler can be given. */

import type { MetadataEntries } from './grpc/metadata.js';
import type { ConnectionId, SeqNum } from './ids.js';
import type { NestedCaller, NestedId, NestedReply } from './nested.js';
import type { StreamPart } from './stream.js';

/** The body of a message. Its place in the order is in its orderInfo. */
export interface Request {
  /** Full method path, `/package.Service/Method`. */
  readonly method: string;
  readonly message: Uint8Array;
  readonly metadata?: MetadataEntries;
  /** The caller's deadline, in milliseconds since the Unix epoch. */
  readonly deadlineMs?: number;
  /** For a plain client's call with an idempotency key: caller, method and key as one text. */
  readonly key?: string;
  /** The request's place in a stream; absent for a unary call. */
  readonly stream?: StreamPart;
  /** Present if a group made this call while it processed a message. */
  readonly nested?: NestedCaller;
  /** Present if this is not a call but the reply to a nested call of this group. Then the method is empty. */
  readonly reply?: NestedReply;
  /** Present if this is not a call but a timer that is due. Then the method is empty. */
  readonly timer?: DueTimer;
}

/** A timer of the group whose time has come, on its way into the order. */
export type DueTimer =
  /** A function that a handler gave to `setTimeout` or `setInterval`; only the replicas that ran that handler have it. */
  | { readonly kind: 'raw'; readonly id: NestedId }
  /** Armed with `after`. The request's message is its payload. */
  | { readonly kind: 'after'; readonly id: NestedId; readonly name: string }
  /** Comes again and again, because the service registered it with `every`. */
  | { readonly kind: 'every'; readonly name: string };

/** What an entry of metadata costs in memory besides its key and value, so that many tiny ones count too. */
const METADATA_ENTRY_BYTES = 64;

/** The path of a method is shorter, unless a client names anything else as the method. */
const METHOD_BYTES = 256;

/** The bytes of a request, which are nearly all that a log keeps of a message. */
export function bodyBytes({ method, message, metadata, reply }: Request): number {
  const bytes = message.length + Math.max(0, method.length - METHOD_BYTES) + metadataBytes(metadata);
  const outcome = reply?.outcome;
  return outcome === undefined ? bytes : bytes + (outcome.message?.length ?? 0);
}

/** What metadata costs whoever keeps it. */
export function metadataBytes(entries: MetadataEntries | undefined): number {
  if (entries === undefined) return 0;
  let bytes = 0;
  for (const [key, value] of entries) bytes += METADATA_ENTRY_BYTES + key.length + value.length;
  return bytes;
}

/** A request or reply with more bytes travels alone on the links of clients, and other frames may overtake it. */
export const LARGE_BYTES = 16 * 1024;
/** While this much is on its way on a link, or one that is larger, other large ones wait for that link. */
export const LINK_WINDOW_BYTES = 1024 * 1024;

/** A request with more entries of metadata travels alone too, so that no frame has more entries than replicas accept. */
const LARGE_METADATA = 48;

export const isLarge = (request: Request): boolean =>
  bodyBytes(request) > LARGE_BYTES || (request.metadata?.length ?? 0) > LARGE_METADATA;

/** A body with the name of its message, as replicas send it to each other. */
export interface Body {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  readonly request: Request;
}
