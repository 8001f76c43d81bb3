import type { ConnectionId, SeqNum } from './ids.js';
import type { MetadataEntries } from './metadata.js';
import type { NestedCaller, NestedReply } from './nested.js';
import type { StreamPart } from './stream.js';

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

/** The bytes of its messages, which are nearly all that a log keeps of a request. */
export const bodyBytes = ({ message, reply }: Request): number =>
  message.length + (reply?.outcome.message?.length ?? 0);

/** A body with its name, forwarded between replicas. */
export interface Body {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  readonly request: Request;
}
