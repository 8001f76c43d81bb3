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
   * Registered sessions that have not answered yet. A session is given up only once it can no longer deliver a reply of
   * an older term: each with the time at which the promotion stops waiting for it.
   */
  readonly waitingSessions = new Map<ConnectionId, number>();
  /** Until when the promotion waits for sessions that come back. */
  #returnsUntilMs: number;
  /** Whether a session that came back later has already given all such sessions more time, which happens once. */
  #reopened = false;
  /** Sessions that had their time and did not answer. The promotion does not wait for them again. */
  readonly #givenUp = new Set<ConnectionId>();
  /** For each session whose bodies the promotion has waited for: when it stops waiting for them. */
  readonly #bodiesUntilMs = new Map<ConnectionId, number>();
  readonly #patienceMs: number;
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
  /** When the body of each announcement was requested last. */
  readonly #askedMs = new Map<OrderInfo, number>();
  /** The proposed adoption: orders up to this one are kept. */
  through: OrderNum = NO_ORDER;

  /** @param patienceMs how long to wait for sessions, and then once more for bodies */
  constructor(nowMs: number, patienceMs: number) {
    this.#returnsUntilMs = nowMs + patienceMs;
    this.#patienceMs = patienceMs;
  }

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

  /** Whether to request this body now: the same one only every `afterMs`. */
  mayAskFor(info: OrderInfo, nowMs: number, afterMs: number): boolean {
    const askedMs = this.#askedMs.get(info) ?? Number.NEGATIVE_INFINITY;
    if (/* rule ask-in-time */ nowMs - askedMs < afterMs) return false;
    this.#askedMs.set(info, nowMs);
    return true;
  }

  /**
   * Whether to wait for bodies of this session. A session that keeps a body to itself delays the promotion no longer
   * than the bound.
   */
  mayWaitForBodies(connection: ConnectionId, nowMs: number): boolean {
    let untilMs = this.#bodiesUntilMs.get(connection);
    if (untilMs === undefined) {
      untilMs = nowMs + this.#patienceMs;
      this.#bodiesUntilMs.set(connection, untilMs);
    }
    return /* rule bodies-in-bounds */ nowMs < untilMs;
  }

  /**
   * This process stood still for `gapMs` and could not hear any peer or session meanwhile, so every wait is that much
   * longer.
   */
  forgive(gapMs: number): void {
    for (const waiting of this.waitingPeers.values()) waiting.untilMs += gapMs;
    for (const [id, untilMs] of this.waitingSessions) this.waitingSessions.set(id, untilMs + gapMs);
    this.#returnsUntilMs += gapMs;
    for (const [id, untilMs] of this.#bodiesUntilMs) this.#bodiesUntilMs.set(id, untilMs + gapMs);
  }

  sessionAnswered(connection: ConnectionId, orders: readonly OrderInfo[]): void {
    this.waitingSessions.delete(connection);
    // The session may have been out of reach while its bodies were waited for.
    if (!this.#held.has(connection)) this.#bodiesUntilMs.delete(connection);
    this.#held.set(connection, orders);
    this.add(orders);
  }

  /** A session is asked what it holds, for the first time in this promotion. */
  sessionAsked(connection: ConnectionId, nowMs: number): void {
    this.waitingSessions.set(connection, nowMs + this.#patienceMs);
  }

  /**
   * A session that was silent for too long has returned before the decision: the promotion waits for its answer again,
   * but never twice for one session. This replica itself may have been cut off for long, so the first return after the
   * promotion's first waiting time gives all such sessions more time, once. Answers that come later still count.
   */
  sessionIsBack(connection: ConnectionId, nowMs: number): void {
    if (this.stage !== 'collecting' || this.#held.has(connection) || this.#givenUp.has(connection)) return;
    // A session whose time is over counts as silent even if no tick has given it up yet.
    if (nowMs < (this.waitingSessions.get(connection) ?? Number.NEGATIVE_INFINITY)) return;
    if (nowMs >= this.#returnsUntilMs) {
      if (this.#reopened) return;
      this.#reopened = true;
      this.#returnsUntilMs = nowMs + this.#patienceMs;
    }
    const untilMs = this.#reopened ? this.#returnsUntilMs : nowMs + this.#patienceMs;
    /* rule collect-who-is-back */ this.waitingSessions.set(connection, untilMs);
  }

  /** The sessions that did not answer in time. */
  takeOverdue(nowMs: number): readonly ConnectionId[] {
    const overdue: ConnectionId[] = [];
    for (const [connection, untilMs] of this.waitingSessions) if (nowMs >= untilMs) overdue.push(connection);
    for (const connection of overdue) {
      this.waitingSessions.delete(connection);
      this.#givenUp.add(connection);
    }
    return overdue;
  }

  /** The announcements that live sessions hold. */
  *heldBySessions(): Iterable<OrderInfo> {
    for (const orders of this.#held.values()) yield* orders;
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
