import type { ConnectionId, OrderNum, SeqNum, Term } from '../ids.js';
import type { Outcome } from '../message.js';

/**
 * What takes the place in the order: a `call`; the `void` of a seqNum that will never be processed; the end
 * (`expire`) of a connection, whose records are freed; the word that the message just before was `abandon`ed,
 * because its handler did not come to an end; or the word that a stream is `cancel`led, because its client is gone or
 * an interceptor ended it.
 */
export type OrderKind = 'call' | 'void' | 'expire' | 'abandon' | 'cancel';

/** The message ordering information of [0098], with its determinants. Immutable; an announcement carries it around. */
export interface OrderInfo {
  readonly term: Term;
  readonly orderNum: OrderNum;
  readonly connection: ConnectionId;
  /** For `expire`: 0. For `cancel`: the stream. */
  readonly seqNum: SeqNum;
  readonly kind: OrderKind;
  /** The connection's peer as the primary sees it, when it is new or changed; handlers on all replicas see this one. */
  readonly peer?: string;
  /** Recorded results of what is not deterministic; opaque to the protocol. */
  readonly determinants?: Uint8Array;
  /** Of a `void`, and of a `cancel` by an interceptor: what the caller is told. */
  readonly outcome?: Outcome;
}

/** Whether an order has a body that must be at hand before the order can be processed. */
export const hasBody = (info: OrderInfo): boolean => info.kind === 'call';
