import type { ConnectionId, OrderNum, ReplicaId } from '../../model/ids.js';
import { NO_ORDER } from '../../model/ids.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { Member } from '../../model/record.js';

/** What a promoting replica gathers from peers and sessions before it decides how far to adopt (DESIGN 5.6). */
export class Collection {
  /** `collecting` → `publishing` (the adoption is on its way into the record) → `recovering` (the rest is processed). */
  stage: 'collecting' | 'publishing' | 'recovering' = 'collecting';
  /** In-sync peers that have not promised, and when they are given up. */
  readonly waitingPeers = new Map<ReplicaId, { readonly member: Member; untilMs: number }>();
  /** Registered sessions that have not answered; they are given up only when they can no longer deliver anything. */
  readonly waitingSessions = new Set<ConnectionId>();
  /** Peers that were given up: they leave the in-sync set together with the publication. */
  readonly silent: Member[] = [];
  /** Announcements beyond our own messageOrder; of two for one orderNum the one of the newer term. */
  readonly announced = new Map<OrderNum, OrderInfo>();
  /** Announcements that live sessions hold, by session. */
  readonly #held = new Map<ConnectionId, readonly OrderInfo[]>();
  /** The body that was asked for last, and when. */
  #asked: OrderInfo | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** The adoption that was proposed. */
  through: OrderNum = NO_ORDER;

  add(orders: readonly OrderInfo[]): void {
    for (const info of orders) {
      const known = this.announced.get(info.orderNum);
      if (known === undefined || known.term < info.term) this.announced.set(info.orderNum, info);
    }
  }

  /** Whether to ask for a body now: another one at once, the same one only after a while. */
  mayAskFor(info: OrderInfo, nowMs: number, afterMs: number): boolean {
    if (this.#asked === info && /* rule ask-in-time */ nowMs - this.#askedMs < afterMs) return false;
    this.#asked = info;
    this.#askedMs = nowMs;
    return true;
  }

  sessionAnswered(connection: ConnectionId, orders: readonly OrderInfo[]): void {
    this.waitingSessions.delete(connection);
    this.#held.set(connection, orders);
    this.add(orders);
  }

  /** A session that was given up is back before the decision fell: its word still counts. */
  sessionIsBack(connection: ConnectionId): void {
    /* rule collect-who-is-back */ if (this.stage === 'collecting' && !this.#held.has(connection))
      this.waitingSessions.add(connection);
  }

  /** The highest order that a live session holds, among those that may be part of the history. */
  highestHeldBySessions(believes: (info: OrderInfo) => boolean): OrderNum {
    let highest = NO_ORDER;
    for (const orders of this.#held.values()) {
      for (const info of orders) if (info.orderNum > highest && believes(info)) highest = info.orderNum;
    }
    return highest;
  }
}
