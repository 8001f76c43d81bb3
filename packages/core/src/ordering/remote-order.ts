import type { OrderNum } from '../model/ids.js';
import { NO_ORDER } from '../model/ids.js';
import type { OrderInfo } from '../model/order-info.js';

/**
 * pendingRemoteOrder ([0100]): announcements that a client received from the remote primary and keeps until they are
 * stable, so that it can reflect them (FIG. 8, 9) and tell them to a promoting backup.
 */
export class PendingRemoteOrder {
  readonly #entries = new Map<OrderNum, OrderInfo>();
  /** In order of arrival, for reflection; `#arrivals[i]` is arrival number `#forgotten + i`. */
  #arrivals: OrderInfo[] = [];
  #forgotten = 0;
  #stableUpTo: OrderNum = NO_ORDER;

  get size(): number {
    return this.#entries.size;
  }

  get arrived(): number {
    return this.#forgotten + this.#arrivals.length;
  }

  /** FIG. 9, second half: entries of sourceOrderInfo that are not there yet are inserted. */
  insert(sourceOrderInfo: readonly OrderInfo[]): void {
    for (const info of sourceOrderInfo) {
      if (info.orderNum <= this.#stableUpTo) continue;
      const known = this.#entries.get(info.orderNum);
      if (known !== undefined && known.term >= info.term) continue;
      this.#entries.set(info.orderNum, info);
      this.#arrivals.push(info);
    }
  }

  /** FIG. 8: the destOrderInfo for a stream that has reflected the first `reflected` arrivals. */
  since(reflected: number): OrderInfo[] {
    const from = Math.max(0, reflected - this.#forgotten);
    return this.#arrivals.slice(from).filter((info) => this.#entries.get(info.orderNum) === info);
  }

  /** Every in-sync backup has these; nobody will ask for them. */
  stable(upTo: OrderNum): void {
    if (upTo <= this.#stableUpTo) return;
    this.#stableUpTo = upTo;
    // Entries arrive almost in order, so the front of the map is where the stable ones are.
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
