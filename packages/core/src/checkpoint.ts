import type { ConnectionId, OrderNum, SeqNum, Term } from './ids.js';
import type { Outcome } from './message.js';

/** What a replica remembers of a connection, as of a checkpoint. */
export interface ConnectionSnapshot {
  readonly connection: ConnectionId;
  readonly repliesSeenUpTo: SeqNum;
  readonly peer: string | undefined;
  /** Processed and perhaps still asked for: the reply cache. */
  readonly outcomes: readonly (readonly [SeqNum, Outcome])[];
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
  /** Connections that ended, oldest first. */
  readonly expired: readonly ConnectionId[];
  /** Older ones among them were forgotten. */
  readonly expiredForgotten: boolean;
}
