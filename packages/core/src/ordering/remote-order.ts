/** pendingRemoteOrder ([0100]): the announcements that a client heard of and keeps until they are stable. */

import type { OrderNum } from '../model/ids.js';
import { NO_ORDER } from '../model/ids.js';
import type { OrderInfo } from '../model/order-info.js';

/** A client reflects these announcements (FIG. 8, 9) and tells them to a promoting backup. */
export class PendingRemoteOrder {
  readonly #entries = new Map<OrderNum, OrderInfo>();
  /** The announcements in order of arrival, for reflection. `#arrivals[i]` is arrival number `#forgotten + i`. */
  #arrivals: OrderInfo[] = [];
  #forgotten = 0;
  #stableUpTo: OrderNum = NO_ORDER;

  get size(): number {
    return this.#entries.size;
  }

  get arrived(): number {
    return this.#forgotten + this.#arrivals.length;
  }

  /** FIG. 9, second half: inserts the entries of sourceOrderInfo that are new here. */
  insert(sourceOrderInfo: readonly OrderInfo[]): void {
    for (const info of sourceOrderInfo) {
      if (info.orderNum <= this.#stableUpTo) continue;
      const known = this.#entries.get(info.orderNum);
      if (known !== undefined && known.term >= info.term) continue;
      this.#entries.set(info.orderNum, info);
      this.#arrivals.push(info);
    }
  }

  /** FIG. 8: the destOrderInfo for a link that has reflected the first `reflected` arrivals. */
  since(reflected: number): OrderInfo[] {
    const from = Math.max(0, reflected - this.#forgotten);
    return this.#arrivals.slice(from).filter((info) => this.#entries.get(info.orderNum) === info);
  }

  /** Every in-sync backup holds the orders up to this one, so nobody will ask for them. */
  stable(upTo: OrderNum): void {
    if (upTo <= this.#stableUpTo) return;
    this.#stableUpTo = upTo;
    // Entries arrive almost in order, so stable ones are at the front of the map.
    for (const orderNum of this.#entries.keys()) {
      if (orderNum <= upTo) this.#entries.delete(orderNum);
      else if (orderNum > upTo + 64) break;
    }
    let gone = 0;
    while (gone < this.#arrivals.length && (this.#arrivals[gone] as OrderInfo).orderNum <= upTo) gone++;
    if (gone > 0) {
      this.#arrivals = this.#arrivals.slice(gone);
      this.#forgotten += gone;
    }
  }

  all(): OrderInfo[] {
    return [...this.#entries.values()].filter((info) => info.orderNum > this.#stableUpTo);
  }
}
