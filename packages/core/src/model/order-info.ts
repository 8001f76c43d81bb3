import type { ConnectionId, OrderNum, SeqNum, Term } from './ids.js';
import { NO_SEQ } from './ids.js';
import type { Outcome, Reply } from './outcome.js';

/** Recorded results of what is not deterministic (DESIGN 5.10). */
export type Determinants =
  /** What the user's interceptors made of the request, in the adapter's own encoding. */
  | { readonly kind: 'change'; readonly change: Uint8Array }
  /**
   * For a message of credits: what the primary's handlers had sent up to the items that were taken, a digest of 32 bits
   * for each stream that it names. Undefined where the primary does not know.
   */
  | { readonly kind: 'itemDigests'; readonly digests: readonly (number | undefined)[] };

interface Ordered {
  readonly term: Term;
  readonly orderNum: OrderNum;
  readonly connection: ConnectionId;
}

/** A message that is processed at this place. */
export interface CallOrder extends Ordered {
  readonly kind: 'call';
  readonly seqNum: SeqNum;
  /** The connection's peer as the primary sees it, when it is new or changed; handlers on all replicas see this one. */
  readonly peer?: string;
  readonly determinants?: Determinants;
}

/** A seqNum that will never be processed. */
export interface VoidOrder extends Ordered {
  readonly kind: 'void';
  readonly seqNum: SeqNum;
  /** What whoever waits for it is told. */
  readonly outcome: Outcome;
}

/** The end of a connection, whose records are freed. */
export interface ExpireOrder extends Ordered {
  readonly kind: 'expire';
}

/** The handler of the message just before did not come to an end, and is left behind. */
export interface AbandonOrder extends Ordered {
  readonly kind: 'abandon';
  readonly seqNum: SeqNum;
}

/** A stream is cancelled: its client is gone, or somebody else than its handler ended it. */
export interface CancelOrder extends Ordered {
  readonly kind: 'cancel';
  /** seqNum of the message that opened it. */
  readonly stream: SeqNum;
  /** If it was ended: the status that its client is sent, and the item after which. */
  readonly end?: { readonly status: Reply; readonly after: number };
}

/** The message ordering information of [0098], with its determinants. Immutable; an announcement carries it around. */
export type OrderInfo = CallOrder | VoidOrder | ExpireOrder | AbandonOrder | CancelOrder;

type WithoutPlace<T> = T extends Ordered ? Omit<T, 'term' | 'orderNum'> : never;
/** What a primary gives a place in the order. */
export type Orderable = WithoutPlace<OrderInfo>;

/** Whether an order has a body that must be at hand before the order can be processed. */
export const hasBody = (info: OrderInfo): info is CallOrder => info.kind === 'call';

/** The seqNum whose place in the order this is; 0 for the end of a connection. */
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

/** Whether two orderInfos give the same place to the same thing; what they record beside that is not compared. */
export const namesSame = (a: OrderInfo, b: OrderInfo): boolean =>
  a.kind === b.kind && a.connection === b.connection && seqNumOf(a) === seqNumOf(b);

/** About as many bytes as its determinants need in a message. */
export function determinantBytes(info: OrderInfo): number {
  if (info.kind !== 'call' || info.determinants === undefined) return 0;
  return info.determinants.kind === 'change' ? info.determinants.change.length : 4 * info.determinants.digests.length;
}
