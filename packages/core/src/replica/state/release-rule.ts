/** The release rule of DESIGN 5.1: whether a reply or an item may leave the primary now, and as what. */

import type { Connection } from '../../connection/connection.js';
import type { Connections } from '../../connection/connections.js';
import { type CallId, NO_ORDER, type OrderNum, type SeqNum } from '../../model/ids.js';
import { determinantBytes, type OrderInfo } from '../../model/order-info.js';
import type { Outcome } from '../../model/outcome.js';
import type { PrimaryOrder } from '../../ordering/primary-order.js';
import type { Stability } from './stability.js';

/**
 * The number of announcements that fit into the metadata of one RPC. A reply that needs more waits until some are
 * stable.
 */
export const RPC_ORDERS_MAX = 512;
/** Clients do not carry determinants larger than this; an order with larger ones must be stable first. */
export const DETERMINANTS_MAX_BYTES = 256;

/** A reply that is ready to leave as soon as the release rule lets it. */
export interface ReplyToRelease {
  readonly connection: Connection | undefined;
  readonly to:
    | { readonly kind: 'seq'; readonly seqNum: SeqNum }
    | { readonly kind: 'read'; readonly readId: number }
    | { readonly kind: 'call'; readonly call: CallId; readonly withHeader: boolean };
  /** The reply reflects all orders up to this one. */
  readonly orderNum: OrderNum;
  readonly outcome: Outcome;
  /** Whether the reply may leave only when stable. Becomes true if its client asks for that while the reply waits. */
  mustBeStable: boolean;
  /** Of a read: the message started with care whose effect it may show. */
  readonly shows?: OrderNum;
}

/**
 * `stable`: the message may leave, and its orders can never be lost. `concurrent`: it may leave together with its
 * unstable orders. `wait`: it may not leave yet.
 */
export type Verdict = 'stable' | 'concurrent' | 'wait';

type ToDecide = Pick<ReplyToRelease, 'connection' | 'orderNum' | 'mustBeStable' | 'shows'> & {
  readonly outcome?: Outcome;
};

/** Decides anew each time a message is about to leave, because sessions, members and stability change meanwhile. */
export class ReleaseRule {
  readonly #connections: Connections;
  readonly #stability: Stability;
  /** The lowest unstable order that would not survive with its clients; infinite if all would. */
  #firstUnretained = Number.POSITIVE_INFINITY;
  #recount = false;

  constructor(connections: Connections, stability: Stability) {
    this.#connections = connections;
    this.#stability = stability;
  }

  /** The primary gave this order. */
  ordered(info: OrderInfo): void {
    if (info.orderNum < this.#firstUnretained && !this.#survivesWithClients(info)) {
      this.#firstUnretained = info.orderNum;
    }
  }

  /** Sessions came or went, or the in-sync set changed, so the lowest unretained order must be found again. */
  changed(): void {
    this.#recount = true;
  }

  stable(upTo: OrderNum): void {
    if (upTo >= this.#firstUnretained) this.#recount = true;
  }

  /** All unstable orders below this one survive a crash of the primary as long as their clients live. */
  firstUnretained(order: PrimaryOrder): number {
    if (this.#recount) {
      this.#recount = false;
      const { base, last } = order.pendingSourceOrder;
      const unretained = order.pendingSourceOrder.slice(base, last).find((info) => !this.#survivesWithClients(info));
      this.#firstUnretained = unretained?.orderNum ?? Number.POSITIVE_INFINITY;
    }
    return this.#firstUnretained;
  }

  decide(reply: ReplyToRelease, order: PrimaryOrder, stableUpTo: OrderNum, holdsLease: boolean): Verdict {
    const verdict = this.#decide(reply, order, stableUpTo, holdsLease);
    const fits = reply.to.kind !== 'call' || reply.orderNum - stableUpTo <= RPC_ORDERS_MAX;
    return verdict === 'concurrent' && !fits ? 'wait' : verdict;
  }

  /** Decides for an item of a stream, which goes to the session of `connection` or, if it has none, to an RPC. */
  decideItem(
    connection: Connection,
    orderNum: OrderNum,
    mustBeStable: boolean,
    order: PrimaryOrder,
    stableUpTo: OrderNum,
    holdsLease: boolean,
  ): Verdict {
    const to = connection.kind === 'session' ? connection : undefined;
    return this.#decide({ connection: to, orderNum, mustBeStable }, order, stableUpTo, holdsLease);
  }

  /**
   * Whether a successor would know that the orders this reply reflects were processed, and so would never refuse one of
   * them as a message of death. A live session tells the successor itself; other callers cannot.
   */
  #isKnown({ mustBeStable, orderNum, outcome }: ToDecide): boolean {
    // An accepted one-way call is answered before it is processed.
    if (!mustBeStable || outcome?.kind === 'accepted') return true;
    return /* rule known-to-be-complete */ orderNum <= this.#stability.toldUpTo;
  }

  #decide(reply: ToDecide, order: PrimaryOrder, stableUpTo: OrderNum, holdsLease: boolean): Verdict {
    if (/* rule lease-to-release */ !holdsLease) return 'wait';
    // The reader may not be the caller whose effect it sees, so no session would tell a successor that the effect is
    // complete.
    const { shows = NO_ORDER } = reply;
    if (/* rule read-shows-complete */ shows > this.#stability.toldUpTo) return 'wait';
    if (reply.orderNum <= stableUpTo && this.#isKnown(reply)) return 'stable';
    /* rule only-when-stable */ if (reply.mustBeStable) return 'wait';
    // A caller without a session cannot hold the orders that the reply reflects.
    const holdsOrders =
      reply.connection === undefined ? /* rule plain-holds-nothing */ false : this.registered(reply.connection);
    if (!holdsOrders) return 'wait';
    if (/* rule release-unretained */ reply.orderNum >= this.firstUnretained(order)) return 'wait';
    return 'concurrent';
  }

  /** Whether every in-sync replica, including this one, answers for the session. */
  registered(connection: Connection): boolean {
    return connection.session?.registered === true && this.#stability.registeredByAll(connection.id);
  }

  #survivesWithClients(info: OrderInfo): boolean {
    if (determinantBytes(info) > DETERMINANTS_MAX_BYTES) return false;
    if (info.kind !== 'call') return true;
    const connection = this.#connections.get(info.connection);
    return connection?.kind === 'session' && this.registered(connection);
  }
}
