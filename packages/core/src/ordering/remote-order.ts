/** pendingRemoteOrder ([0100]): the announcements that a client heard of and keeps until they are stable. */

import type { OrderNum } from '../model/ids.js';
import { NO_ORDER } from '../model/ids.js';
import { countSealed, type SealedOrders } from '../model/sealed.js';

/**
 * A client reflects these announcements (FIG. 8, 9) and tells them to a promoting backup. It cannot read them: it keeps
 * them sealed, in the runs in which they came.
 */
export class PendingRemoteOrder {
  /** In order of arrival. `#arrivals[i]` is arrival number `#forgotten + i`. */
  #arrivals: SealedOrders[] = [];
  #forgotten = 0;
  #stableUpTo: OrderNum = NO_ORDER;

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
      if (sealed.last > this.#stableUpTo && !this.#covers(sealed)) this.#arrivals.push(sealed);
    }
  }

  /** Whether one run has all of these already. The newest are looked at first: after a link broke, runs come again. */
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

  /** Every in-sync backup holds the orders up to this one, so nobody will ask for them. */
  stable(upTo: OrderNum): void {
    if (upTo <= this.#stableUpTo) return;
    this.#stableUpTo = upTo;
    let gone = 0;
    while (gone < this.#arrivals.length && (this.#arrivals[gone] as SealedOrders).last <= upTo) gone++;
    if (gone > 0) {
      this.#arrivals = this.#arrivals.slice(gone);
      this.#forgotten += gone;
    }
  }

  all(): SealedOrders[] {
    return this.#arrivals.filter(({ last }) => last > this.#stableUpTo);
  }
}
