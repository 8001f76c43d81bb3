import type { OrderNum, Term } from './ids.js';
import type { Reply } from './outcome.js';

/**
 * A group that calls another service while it processes a message is a *replicated client* ([0072], [0082]): every replica
 * that executes makes the same call at the same place, and only the primary sends it. The reply is a message like any
 * other: the primary gives it a place in the order, announces it, and every replica delivers it there ([0044], [0074]).
 */

/** Names a call by where it was made: the same on every replica (DESIGN 5.7). */
export interface NestedId {
  /** The message during whose processing it was made. */
  readonly orderNum: OrderNum;
  /** 0, 1, 2 … among the calls made meanwhile. */
  readonly index: number;
}

/** What the callee is told, so that it knows a call that it has had already. */
export interface NestedCaller {
  /** The calling group and its origin: one history of orders. At most `CLIENT_NAME_MAX` characters. */
  readonly client: string;
  /** The term of the primary that sends it. */
  readonly term: Term;
  readonly id: NestedId;
  /** The replies to all calls made up to there are stable: none of these comes again. */
  readonly settledUpTo: OrderNum;
}

/** A reply on its way into the order of the group that called. */
export interface NestedReply {
  readonly to: NestedId;
  readonly outcome: Reply;
}

export const CLIENT_NAME_MAX = 1024;
/** Calls that a group may have open; one more is refused, on all replicas alike. */
export const NESTED_OPEN_MAX = 4096;

export const sameNested = (a: NestedId, b: NestedId): boolean => a.orderNum === b.orderNum && a.index === b.index;
