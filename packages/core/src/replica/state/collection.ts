/** Collects what peers and sessions hold, for a promoting replica that must decide how far to adopt (DESIGN 5.6). */

import type { ConnectionId, OrderNum, ReplicaId } from '../../model/ids.js';
import { NO_ORDER } from '../../model/ids.js';
import type { OrderInfo } from '../../model/order-info.js';
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
   * Registered sessions that have not answered yet. A session is given up only once it can no longer deliver a reply of
   * an older term.
   */
  readonly waitingSessions = new Set<ConnectionId>();
  /** When the promotion stops waiting for sessions, however often they come back meanwhile. */
  sessionsUntilMs: number;
  /** When it stops waiting for bodies that sessions say they have; undefined before it asked for the first. */
  bodiesUntilMs: number | undefined;
  readonly #patienceMs: number;
  /**
   * Peers that did not answer in time. The change of the record that publishes the adoption removes them from the
   * in-sync set.
   */
  readonly silent: Member[] = [];
  /** Announcements beyond our own messageOrder. If two name the same orderNum, the one of the newer term is kept. */
  readonly announced = new Map<OrderNum, OrderInfo>();
  /** The announcements that each live session says it holds. */
  readonly #held = new Map<ConnectionId, readonly OrderInfo[]>();
  /** When the body of each announcement was requested last. */
  readonly #askedMs = new Map<OrderInfo, number>();
  /** The proposed adoption: orders up to this one are kept. */
  through: OrderNum = NO_ORDER;

  /** @param patienceMs how long to wait for sessions, and then once more for bodies */
  constructor(nowMs: number, patienceMs: number) {
    this.sessionsUntilMs = nowMs + patienceMs;
    this.#patienceMs = patienceMs;
  }

  add(orders: readonly OrderInfo[]): void {
    for (const info of orders) {
      const known = this.announced.get(info.orderNum);
      if (known === undefined || known.term < info.term) this.announced.set(info.orderNum, info);
    }
  }

  /** Whether to request this body now: the same one only every `afterMs`. */
  mayAskFor(info: OrderInfo, nowMs: number, afterMs: number): boolean {
    const askedMs = this.#askedMs.get(info) ?? Number.NEGATIVE_INFINITY;
    if (/* rule ask-in-time */ nowMs - askedMs < afterMs) return false;
    this.#askedMs.set(info, nowMs);
    return true;
  }

  /** Whether to wait for bodies of sessions. One that keeps a body to itself holds nobody up for longer than the bound. */
  mayWaitForBodies(nowMs: number): boolean {
    this.bodiesUntilMs ??= nowMs + this.#patienceMs;
    return /* rule bodies-in-bounds */ nowMs < this.bodiesUntilMs;
  }

  /** This process stood still for so long, and so could not hear anybody. */
  forgive(gapMs: number): void {
    for (const waiting of this.waitingPeers.values()) waiting.untilMs += gapMs;
    this.sessionsUntilMs += gapMs;
    if (this.bodiesUntilMs !== undefined) this.bodiesUntilMs += gapMs;
  }

  sessionAnswered(connection: ConnectionId, orders: readonly OrderInfo[]): void {
    this.waitingSessions.delete(connection);
    this.#held.set(connection, orders);
    this.add(orders);
  }

  /**
   * A session that was given up has returned before the decision: the promotion waits for its answer again, if there is
   * time. Later its answer still counts, but nobody waits for it.
   */
  sessionIsBack(connection: ConnectionId, nowMs: number): void {
    if (this.stage !== 'collecting' || nowMs >= this.sessionsUntilMs || this.#held.has(connection)) return;
    /* rule collect-who-is-back */ this.waitingSessions.add(connection);
  }

  /**
   * The highest order that any live session holds, counting only orders that `believes` accepts as part of the history.
   *
   * @param but the session that did not bring the body of its own message: nobody stops for what it holds
   */
  highestHeldBySessions(believes: (info: OrderInfo) => boolean, but: ConnectionId | undefined): OrderNum {
    let highest = NO_ORDER;
    for (const [connection, orders] of this.#held) {
      if (/* rule nobody-stops-for-its-own */ connection === but) continue;
      for (const info of orders) if (info.orderNum > highest && believes(info)) highest = info.orderNum;
    }
    return highest;
  }
}
