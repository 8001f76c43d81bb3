/** Collects what peers and sessions hold, for a promoting replica that must decide how far to adopt (DESIGN 5.6). */

import type { ConnectionId, OrderNum, ReplicaId } from '../../model/ids.js';
import { NO_ORDER } from '../../model/ids.js';
import type { Body } from '../../model/message.js';
import type { CallOrder, OrderInfo } from '../../model/order-info.js';
import type { Member } from '../../model/record.js';

/** The answers that one promotion has received so far, and those that it still waits for. */
export class Collection {
  /**
   * `collecting` answers, `publishing` the adoption into the record, then `recovering`: processing what was adopted.
   */
  stage: 'collecting' | 'publishing' | 'recovering' = 'collecting';
  /** In-sync peers that have not promised yet, each with the time at which the promotion stops waiting for it. */
  readonly waitingPeers = new Map<ReplicaId, { readonly member: Member; untilMs: number }>();
  /**
   * Registered sessions that have not answered yet. A session is given up only once it can no longer deliver a reply.
   */
  readonly waitingSessions = new Set<ConnectionId>();
  /**
   * Peers that did not answer in time. The change of the record that publishes the adoption removes them from the
   * in-sync set.
   */
  readonly silent: Member[] = [];
  /** Announcements beyond our own messageOrder. If two name the same orderNum, the one of the newer term is kept. */
  readonly announced = new Map<OrderNum, OrderInfo>();
  /** Bodies that peers hold with their orders, under numbers for which sessions sent this replica a body, too. */
  readonly #bodies: Body[] = [];
  /** The announcements that each live session says it holds. */
  readonly #held = new Map<ConnectionId, readonly OrderInfo[]>();
  /** The announcement whose body was requested last; `#askedMs` is the time of that request. */
  #asked: OrderInfo | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** The proposed adoption: orders up to this one are kept. */
  through: OrderNum = NO_ORDER;

  add(orders: readonly OrderInfo[]): void {
    for (const info of orders) {
      const known = this.announced.get(info.orderNum);
      if (known === undefined || known.term < info.term) this.announced.set(info.orderNum, info);
    }
  }

  keepBody(body: Body): void {
    this.#bodies.push(body);
  }

  bodiesOf({ connection, seqNum }: CallOrder): readonly Body[] {
    return this.#bodies.filter((body) => body.connection === connection && body.seqNum === seqNum);
  }

  /** Whether to request this body now. A different body is requested at once, the same one only every `afterMs`. */
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

  /** A session that was given up has returned before the decision: the promotion waits for its answer again. */
  sessionIsBack(connection: ConnectionId): void {
    /* rule collect-who-is-back */ if (this.stage === 'collecting' && !this.#held.has(connection))
      this.waitingSessions.add(connection);
  }

  /**
   * The highest order that any live session holds, counting only sessions that `counts` accepts, and only orders that
   * `believes` accepts as part of the history.
   */
  highestHeldBySessions(counts: (id: ConnectionId) => boolean, believes: (info: OrderInfo) => boolean): OrderNum {
    let highest = NO_ORDER;
    for (const [id, orders] of this.#held) {
      if (!counts(id)) continue;
      for (const info of orders) if (info.orderNum > highest && believes(info)) highest = info.orderNum;
    }
    return highest;
  }
}
