/** A checkpoint: everything a replica needs in place of the log up to one order. */

import type { ConnectionId, OrderNum, SeqNum, Term } from './ids.js';
import type { NestedId } from './nested.js';
import type { Outcome } from './outcome.js';
import type { StreamItem } from './stream.js';

/** The records of one connection, as of a checkpoint. */
export interface ConnectionSnapshot {
  readonly connection: ConnectionId;
  readonly repliesSeenUpTo: SeqNum;
  readonly peer: string | undefined;
  /** The reply cache: outcomes of processed messages that may still be asked for. */
  readonly outcomes: readonly (readonly [SeqNum, Outcome])[];
  /** Streams that have ended and whose client has not taken every item. */
  readonly streams: readonly StreamSnapshot[];
}

/** An ended stream, as of a checkpoint. */
export interface StreamSnapshot {
  readonly stream: SeqNum;
  /** The client has taken items up to this one. `items` follow it; the last of them is the status. */
  readonly takenUpTo: number;
  readonly items: readonly StreamItem[];
}

/** The reply to a plain client's idempotency key. */
export interface KeyedReply {
  readonly key: string;
  readonly requestDigest: number;
  readonly outcome: Outcome;
}

/** Stands for the log up to and including `orderNum` ([0025]: loads a checkpoint). */
export interface Checkpoint {
  readonly orderNum: OrderNum;
  /** The term of the order at `orderNum`. */
  readonly term: Term;
  /** The time of the order at `orderNum`, or a later one: no order that follows has an earlier time. */
  readonly timeMs: number;
  /** The digest of all outcomes up to `orderNum`. */
  readonly digest: number;
  /** The bytes that the user's `checkpoint()` gave, in the chunks in which they travel. */
  readonly state: readonly Uint8Array[];
  readonly connections: readonly ConnectionSnapshot[];
  /** Replies to idempotency keys, the oldest first. */
  readonly keyed: readonly KeyedReply[];
  /** Groups that call this one, the oldest first. */
  readonly callers: readonly CallerSnapshot[];
  /** Connections that ended, the oldest first. */
  readonly expired: readonly ConnectionId[];
  /** Whether older ended connections were forgotten. */
  readonly expiredForgotten: boolean;
  /** Timers that handlers armed with `after` and that are not processed yet. */
  readonly armed: readonly ArmedSnapshot[];
  /** Timers registered with `every` that were due before: when each was processed last, in the order's time. */
  readonly fired: readonly { readonly name: string; readonly lastMs: number }[];
}

/** A timer that was armed with `after`, as of a checkpoint. */
export interface ArmedSnapshot {
  readonly id: NestedId;
  readonly name: string;
  readonly payload: Uint8Array;
  /** When it is due, in the order's time. */
  readonly dueMs: number;
  /** How long after it was armed. */
  readonly delayMs: number;
}

/** The calls of one group, as of a checkpoint. */
export interface CallerSnapshot {
  readonly client: string;
  /** Who may use the name; undefined if nobody knows. */
  readonly owner: string | undefined;
  readonly term: Term;
  readonly settledUpTo: OrderNum;
  /** The oldest first. */
  readonly calls: readonly CallSnapshot[];
}

/** One call of a group, as of a checkpoint. */
export interface CallSnapshot {
  readonly id: NestedId;
  readonly requestDigest: number;
  readonly outcome: Outcome;
  /** For a stream, which has ended: the message that opened it last. */
  readonly stream?: { readonly connection: ConnectionId; readonly seqNum: SeqNum };
}

/** The part of a checkpoint that is small whatever the state is. It travels first. */
export type CheckpointHead = Pick<Checkpoint, 'orderNum' | 'term' | 'timeMs' | 'digest' | 'expiredForgotten'>;

/** The lists of a checkpoint, or a section of them. A connection, stream or group may go on in the next section. */
export type CheckpointRecords = Pick<Checkpoint, 'connections' | 'keyed' | 'callers' | 'expired' | 'armed' | 'fired'>;

/** A piece of a checkpoint on its way: sections of its records first, then chunks of the state, then the end. */
export type Piece =
  | { readonly kind: 'records'; readonly records: CheckpointRecords }
  | { readonly kind: 'state'; readonly bytes: Uint8Array }
  /** `digest` covers all chunks of the state. */
  | { readonly kind: 'end'; readonly digest: string };

/**
 * Primary → backup or learner: it has a checkpoint for the receiver, which answers with the first piece that it lacks.
 * With `join`, the learner starts from this checkpoint.
 */
export interface CheckpointFrame {
  readonly kind: 'checkpoint';
  readonly term: Term;
  /** The number of the copy. A transfer that broke goes on when the same copy is offered again. */
  readonly copy: number;
  readonly join: boolean;
  readonly head: CheckpointHead;
}

/** The next piece of a checkpoint. */
export interface PieceFrame {
  readonly kind: 'piece';
  readonly term: Term;
  readonly copy: number;
  /** 0, 1, 2 … in the copy. */
  readonly index: number;
  readonly piece: Piece;
}

/** Backup or learner → primary: the pieces that it has. */
export interface PieceAckFrame {
  readonly kind: 'pieceAck';
  readonly term: Term;
  readonly copy: number;
  /** It has all pieces before this one. */
  readonly upTo: number;
  /** `receives`: it waits for more. `done`: it needs no more. `damaged`: what it got does not match the digest. */
  readonly answer: 'receives' | 'done' | 'damaged';
}
