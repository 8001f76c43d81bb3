import type { Connection } from '../../connection/connection.js';
import type { Connections } from '../../connection/connections.js';
import type { CallId, OrderNum, SeqNum } from '../../model/ids.js';
import { determinantBytes, type OrderInfo } from '../../model/order-info.js';
import type { Outcome } from '../../model/outcome.js';
import type { PrimaryOrder } from '../../ordering/primary-order.js';
import type { Stability } from './stability.js';

/** Announcements that fit into the metadata of one RPC. More are waited for to become stable. */
export const RPC_ORDERS_MAX = 512;
/** Determinants larger than this are not carried by clients: their orders must be stable first. */
export const DETERMINANTS_MAX_BYTES = 256;

/** A reply that is ready to leave as soon as the release rule lets it. */
export interface ReplyToRelease {
  readonly connection: Connection | undefined;
  readonly to:
    | { readonly kind: 'seq'; readonly seqNum: SeqNum }
    | { readonly kind: 'read'; readonly readId: number }
    | { readonly kind: 'call'; readonly call: CallId; readonly withHeader: boolean };
  /** It reflects all orders up to here. */
  readonly orderNum: OrderNum;
  readonly outcome: Outcome;
  /** Becomes true when its client asks for it as a stable one while it waits. */
  mustBeStable: boolean;
}

export type Verdict = 'stable' | 'concurrent' | 'wait';

/** The release rule of DESIGN 5.1, decided anew whenever a message is about to leave. */
export class ReleaseRule {
  readonly #connections: Connections;
  readonly #stability: Stability;
  /** Lowest unstable order whose body no registered session retains; Infinity if there is none. */
  #firstUnretained = Number.POSITIVE_INFINITY;
  #recount = false;

  constructor(connections: Connections, stability: Stability) {
    this.#connections = connections;
    this.#stability = stability;
  }

  /** An order was given. */
  ordered(info: OrderInfo): void {
    if (info.orderNum < this.#firstUnretained && !this.#survivesWithClients(info)) {
      this.#firstUnretained = info.orderNum;
    }
  }

  /** Sessions came or went, the set changed, or orders became stable. */
  changed(): void {
    this.#recount = true;
  }

  stable(upTo: OrderNum): void {
    if (upTo >= this.#firstUnretained) this.#recount = true;
  }

  /** Orders below this one survive the primary as long as the clients do. */
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

  /** The same for an item of a stream, which goes to the session of `connection` or, without one, to an RPC. */
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

  #decide(
    reply: Pick<ReplyToRelease, 'connection' | 'orderNum' | 'mustBeStable'>,
    order: PrimaryOrder,
    stableUpTo: OrderNum,
    holdsLease: boolean,
  ): Verdict {
    if (/* rule lease-to-release */ !holdsLease) return 'wait';
    if (reply.orderNum <= stableUpTo) return 'stable';
    /* rule only-when-stable */ if (reply.mustBeStable) return 'wait';
    // Who has no session cannot hold the orders that the reply reflects.
    const holdsOrders =
      reply.connection === undefined ? /* rule plain-holds-nothing */ false : this.registered(reply.connection);
    if (!holdsOrders) return 'wait';
    if (/* rule release-unretained */ reply.orderNum >= this.firstUnretained(order)) return 'wait';
    return 'concurrent';
  }

  /** Every in-sync replica, this one too, answers for the session. */
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
