import type { ConnectionId, OrderNum, SeqNum, Term } from './ids.js';
import type { NestedId } from './nested.js';
import type { Outcome } from './outcome.js';
import type { StreamItem } from './stream.js';

/** What a replica remembers of a connection, as of a checkpoint. */
export interface ConnectionSnapshot {
  readonly connection: ConnectionId;
  readonly repliesSeenUpTo: SeqNum;
  readonly peer: string | undefined;
  /** Processed and perhaps still asked for: the reply cache. */
  readonly outcomes: readonly (readonly [SeqNum, Outcome])[];
  /** Streams that ended, and that the client has not taken to the end. */
  readonly streams: readonly StreamSnapshot[];
}

export interface StreamSnapshot {
  readonly stream: SeqNum;
  /** Items up to here were taken; these follow, the status last. */
  readonly takenUpTo: number;
  readonly items: readonly StreamItem[];
}

/** The reply to a plain client's idempotency key. */
export interface KeyedReply {
  readonly key: string;
  readonly requestDigest: number;
  readonly outcome: Outcome;
}

/** Everything a replica needs in place of the log up to and including `orderNum` ([0025]: loads a checkpoint). */
export interface Checkpoint {
  readonly orderNum: OrderNum;
  /** Term of the order at `orderNum`. */
  readonly term: Term;
  /** Digest of all outcomes up to `orderNum`. */
  readonly digest: number;
  /** What the user's `checkpoint()` returned; opaque. */
  readonly state: Uint8Array;
  readonly connections: readonly ConnectionSnapshot[];
  /** Oldest first. */
  readonly keyed: readonly KeyedReply[];
  /** Groups that are clients of this one, the oldest first. */
  readonly callers: readonly CallerSnapshot[];
  /** Connections that ended, oldest first. */
  readonly expired: readonly ConnectionId[];
  /** Older ones among them were forgotten. */
  readonly expiredForgotten: boolean;
}

/** The calls of one group, as of a checkpoint. */
export interface CallerSnapshot {
  readonly client: string;
  readonly term: Term;
  readonly settledUpTo: OrderNum;
  /** Oldest first. */
  readonly calls: readonly { readonly id: NestedId; readonly requestDigest: number; readonly outcome: Outcome }[];
}
