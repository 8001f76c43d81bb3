/** orderInfo ([0098]): the kinds of events that have a place in the order, with the results recorded for each. */

import type { BodyDigest, ConnectionId, OrderNum, SeqNum, Term } from './ids.js';
import { NO_SEQ } from './ids.js';
import type { Outcome, Reply } from './outcome.js';

/** Results that replicas could not compute alike, recorded with the order (DESIGN 5.10). */
export type Determinants =
  /** The request as the user's interceptors changed it, in the adapter's own encoding. */
  | { readonly kind: 'change'; readonly change: Uint8Array }
  /**
   * For a credit: the primary's digest, 32 bits, of the items up to the taken one, for each stream in it. Undefined
   * where the primary does not know.
   */
  | { readonly kind: 'itemDigests'; readonly digests: readonly (number | undefined)[] };

interface Ordered {
  readonly term: Term;
  readonly orderNum: OrderNum;
  /**
   * The time of this place, in milliseconds since 1970: the primary's wall clock when it gave the order, but never less
   * than the time of an earlier place (DESIGN 5.10). Handlers on all replicas see it.
   */
  readonly timeMs: number;
  readonly connection: ConnectionId;
  /** Replicas that execute take a digest of the user's state before they process this. */
  readonly digestsState?: true | undefined;
}

/** A message is processed at this place. */
export interface CallOrder extends Ordered {
  readonly kind: 'call';
  readonly seqNum: SeqNum;
  /** The digest of the message's body as its client sent it. No replica processes another body at this place. */
  readonly body: BodyDigest;
  /** The client's address as the primary sees it, if it is new or changed. Handlers on all replicas see this one. */
  readonly peer?: string | undefined;
  readonly determinants?: Determinants | undefined;
  /** The primary starts this one with care, because its predecessor may have died of it (DESIGN 5.14). */
  readonly careful?: true | undefined;
}

/** A seqNum is voided: its message will never be processed. */
export interface VoidOrder extends Ordered {
  readonly kind: 'void';
  readonly seqNum: SeqNum;
  /** The outcome for callers that wait. */
  readonly outcome: Outcome;
}

/** A connection ends, and its records are freed. */
export interface ExpireOrder extends Ordered {
  readonly kind: 'expire';
}

/** The handler of the previous message did not end, and the group goes on without it. */
export interface AbandonOrder extends Ordered {
  readonly kind: 'abandon';
  readonly seqNum: SeqNum;
}

/**
 * A stream is cancelled, because its client is gone or because it was ended with a status that is not its handler's.
 */
export interface CancelOrder extends Ordered {
  readonly kind: 'cancel';
  /** The seqNum of the message that opened the stream. */
  readonly stream: SeqNum;
  /** Present if the stream was ended: the status that its client gets, and the item it follows. */
  readonly end?: { readonly status: Reply; readonly after: number };
  /** The primary starts this one with care, because its predecessor may have died of it (DESIGN 5.14). */
  readonly careful?: true;
}

/** The message ordering information of [0098], with its determinants. Immutable; an announcement carries it. */
export type OrderInfo = CallOrder | VoidOrder | ExpireOrder | AbandonOrder | CancelOrder;

type WithoutPlace<T> = T extends Ordered ? Omit<T, 'term' | 'orderNum' | 'timeMs'> : never;
/** An orderInfo before the primary has given it a term, a place and a time. */
export type Orderable = WithoutPlace<OrderInfo>;

/**
 * The order to process a message. Each has all fields, in this order, even those that are undefined: a JavaScript engine
 * throws compiled code away when it meets an object of another shape.
 */
export const callOrderAt = (
  term: Term,
  orderNum: OrderNum,
  timeMs: number,
  { connection, seqNum, body, peer, determinants, careful, digestsState }: WithoutPlace<CallOrder>,
): CallOrder => ({
  term,
  orderNum,
  timeMs,
  connection,
  kind: 'call',
  seqNum,
  body,
  peer,
  determinants,
  careful,
  digestsState,
});

/** Whether its primary starts this one with care. */
export const isMarked = (info: OrderInfo): boolean =>
  (info.kind === 'call' || info.kind === 'cancel') && info.careful === true;

/** Whether an order needs a body before it can be processed. */
export const hasBody = (info: OrderInfo): info is CallOrder => info.kind === 'call';

/** The seqNum that an order is about; 0 for the end of a connection. */
export function seqNumOf(info: OrderInfo): SeqNum {
  switch (info.kind) {
    case 'cancel':
      return info.stream;
    case 'expire':
      return NO_SEQ;
    default:
      return info.seqNum;
  }
}

/**
 * Whether two orderInfos are about the same message, with the same body, or the same event. Other recorded results are
 * not compared.
 */
export const namesSame = (a: OrderInfo, b: OrderInfo): boolean =>
  a.kind === b.kind &&
  a.connection === b.connection &&
  seqNumOf(a) === seqNumOf(b) &&
  bodyNamedBy(a) === bodyNamedBy(b);

const bodyNamedBy = (info: OrderInfo): BodyDigest | undefined => (info.kind === 'call' ? info.body : undefined);

/** About how many bytes the determinants of an order need in a message. */
export function determinantBytes(info: OrderInfo): number {
  if (info.kind !== 'call' || info.determinants === undefined) return 0;
  return info.determinants.kind === 'change' ? info.determinants.change.length : 4 * info.determinants.digests.length;
}
