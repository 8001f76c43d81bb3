/**
 * Nested calls: how a handler's call is named alike on every replica, and how its reply comes back as a message.
 *
 * A group that calls another service while it processes a message is a *replicated client* ([0072], [0082]). Every
 * replica that executes makes the same call at the same place, and only the primary sends it. The primary orders and
 * announces the reply like any other message, and every replica delivers it at its place ([0044], [0074]).
 */

import type { OrderNum, Term } from './ids.js';
import type { Reply } from './outcome.js';

/** Names a nested call by the place where it was made, so the name is the same on every replica (DESIGN 5.7). */
export interface NestedId {
  /** The order of the message during whose processing the call was made. */
  readonly orderNum: OrderNum;
  /** The position among the calls made during that message: 0, 1, 2 … */
  readonly index: number;
}

/** The caller of a nested call, as told to the callee, which thereby recognises a call that it got before. */
export interface NestedCaller {
  /**
   * The calling group and its origin, which together name one history of orders. At most `CLIENT_NAME_MAX` characters.
   */
  readonly client: string;
  /** The term of the primary that sends the call. */
  readonly term: Term;
  readonly id: NestedId;
  /** The replies to all calls made up to this order are stable, so none of these calls comes again. */
  readonly settledUpTo: OrderNum;
  /** For a stream that is opened again: the caller has its items up to this one. Absent: it has none, or the call is unary. */
  readonly received?: number;
  /**
   * The owner of the name, as a replica of the called group found out when the call reached it: no other caller may use
   * the name from then on. Absent if the callee cannot know. A client never sets it.
   */
  readonly owner?: string;
  /**
   * Proves to the callee that the caller knows a secret of both groups. The callee's adapter checks it, and the core
   * never sees it.
   */
  readonly proof?: Uint8Array;
}

/** The reply to a nested call, on its way into the order of the calling group. */
export interface NestedReply {
  readonly to: NestedId;
  readonly outcome: Reply;
}

/** The owner of a name whose callers prove that they know a secret. It takes a name over from any other owner. */
export const PROVEN_OWNER = 'secret';
/** The owner of a call that does not prove it although its name has a secret. It is refused whoever sends it. */
export const UNPROVEN_OWNER = 'unproven';
/** The most characters in the name of a calling group with its origin. */
export const CLIENT_NAME_MAX = 1024;
/** How many nested calls a group may have open. A further one is refused on all replicas alike. */
export const NESTED_OPEN_MAX = 4096;

export const sameNested = (a: NestedId, b: NestedId): boolean => a.orderNum === b.orderNum && a.index === b.index;
