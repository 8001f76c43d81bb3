/** pendingRemoteOrder ([0100]): the announcements that a client heard of and keeps until they are stable. */

import { NO_ORDER, NO_TERM, type OrderNum, type Term } from '../model/ids.js';
import { countSealed, type SealedOrders } from '../model/sealed.js';

/** A place in the order, in the term in which a primary named it. */
export interface PlaceInOrder {
  readonly term: Term;
  readonly orderNum: OrderNum;
}

/** Nothing is stable yet. */
export const NOTHING_STABLE: PlaceInOrder = Object.freeze({ term: NO_TERM, orderNum: NO_ORDER });

/**
 * A client reflects these announcements (FIG. 8, 9) and tells them to a promoting backup. It cannot read them: it keeps
 * them sealed, in the runs in which they came.
 */
export class PendingRemoteOrder {
  /** In order of arrival. `#arrivals[i]` is arrival number `#forgotten + i`. */
  #arrivals: SealedOrders[] = [];
  #forgotten = 0;
  #stable = NOTHING_STABLE;

  /** How many announcements are pending. */
  get size(): number {
    return countSealed(this.#arrivals);
  }

  /** How many runs have ever arrived. */
  get arrived(): number {
    return this.#forgotten + this.#arrivals.length;
  }

  /** FIG. 9, second half: inserts the runs of sourceOrderInfo that are new here. */
  insert(sourceOrderInfo: readonly SealedOrders[]): void {
    for (const sealed of sourceOrderInfo) {
      if (!this.#isStable(sealed) && !this.#covers(sealed)) this.#arrivals.push(sealed);
    }
  }

  /**
   * A term whose orders begin at small numbers again continues a history in which the former orders of these numbers
   * were cut.
   */
  #isStable({ term, last }: SealedOrders): boolean {
    return last <= this.#stable.orderNum && /* rule numbers-begin-again */ term <= this.#stable.term;
  }

  /**
   * Whether one run already includes all of these announcements. The newest runs are searched first, because a broken
   * link makes the newest ones come again.
   */
  #covers({ term, first, last }: SealedOrders): boolean {
    for (let i = this.#arrivals.length - 1; i >= 0; i--) {
      const known = this.#arrivals[i] as SealedOrders;
      if (known.term === term && known.last < first) return false;
      if (known.term >= term && known.first <= first && known.last >= last) return true;
    }
    return false;
  }

  /** FIG. 8: the destOrderInfo for a link that has reflected the first `reflected` arrivals. */
  since(reflected: number): SealedOrders[] {
    return this.#arrivals.slice(Math.max(0, reflected - this.#forgotten));
  }

  /** How many announcements a link has not reflected yet that has reflected the first `reflected` arrivals. */
  countSince(reflected: number): number {
    return countSealed(this.since(reflected));
  }

  /** Every in-sync backup holds the orders up to this one, so no replica will ask for them. */
  stable(upTo: PlaceInOrder): void {
    if (upTo.orderNum <= this.#stable.orderNum) return;
    this.#stable = upTo;
    let gone = 0;
    while (gone < this.#arrivals.length && this.#isStable(this.#arrivals[gone] as SealedOrders)) gone++;
    if (gone > 0) this.#keep(this.#arrivals.slice(gone));
  }

  /**
   * A promotion has published which orders it cut: no replica will ask for those, and their numbers may be given again.
   */
  cut(isCut: (order: PlaceInOrder) => boolean): void {
    if (/* rule stable-is-cut */ isCut(this.#stable)) this.#stable = NOTHING_STABLE;
    const kept = this.#arrivals.filter(({ term, first }) => !isCut({ term, orderNum: first }));
    if (/* rule forget-cut-orders */ kept.length < this.#arrivals.length) this.#keep(kept);
  }

  /** Kept runs may get later arrival numbers than they had, so a link reflects some of them again and misses none. */
  #keep(kept: SealedOrders[]): void {
    this.#forgotten += this.#arrivals.length - kept.length;
    this.#arrivals = kept;
  }

  all(): SealedOrders[] {
    return this.#arrivals.filter((sealed) => !this.#isStable(sealed));
  }
}
