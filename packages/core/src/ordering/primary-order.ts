/** The primary's side of the ordering: FIG. 7, 8 and 9, under the seed's names. */

import type { OrderNum, Term } from '../model/ids.js';
import { next } from '../model/ids.js';
import { callOrderAt, type Orderable, type OrderInfo } from '../model/order-info.js';
import { OrderWindow } from './window.js';

/** Gives orders in one term, and keeps their announcements until they are stable. */
export class PrimaryOrder {
  readonly #term: Term;
  readonly #pendingSourceOrderMax: number;
  /**
   * The pending announcements ([0099]). An entry is removed when its order is stable, not when it was sent or
   * reflected.
   */
  readonly pendingSourceOrder: OrderWindow<OrderInfo>;

  /** @param adopted the orders that the promotion adopted and that are not known to be stable, ascending */
  constructor(term: Term, stableUpTo: OrderNum, adopted: readonly OrderInfo[], pendingSourceOrderMax: number) {
    this.#term = term;
    this.#pendingSourceOrderMax = pendingSourceOrderMax;
    this.pendingSourceOrder = new OrderWindow(stableUpTo);
    for (const info of adopted) this.pendingSourceOrder.append(info.orderNum, info);
  }

  get orderNum(): OrderNum {
    return this.pendingSourceOrder.last;
  }

  /** FIG. 7: increments orderNum, forms the orderInfo and appends it to pendingSourceOrder. */
  orderMessage(message: Orderable, timeMs: number): OrderInfo {
    const orderNum = next(this.orderNum);
    const term = this.#term;
    const info: OrderInfo =
      message.kind === 'call' ? callOrderAt(term, orderNum, timeMs, message) : { term, orderNum, timeMs, ...message };
    this.pendingSourceOrder.append(orderNum, info);
    return info;
  }

  /** FIG. 7, last step: whether a null message must carry the pending announcements. */
  get nullMessageDue(): boolean {
    return /* rule null-message-by-count */ this.pendingSourceOrder.length > this.#pendingSourceOrderMax;
  }

  /**
   * FIG. 8: the sourceOrderInfo of a message that reflects the orders up to `upTo`, on a link that has carried them up
   * to `carried`. A link keeps its order, so its receiver got those before this message.
   */
  multicastMessage(carried: OrderNum, upTo: OrderNum): OrderInfo[] {
    return /* rule closure */ this.pendingSourceOrder.slice(carried, upTo);
  }

  /**
   * Every in-sync backup holds the orders up to this one. The seed removes entries already when they come back in
   * destOrderInfo (FIG. 9). We wait until they are stable, because a client may be the only other holder of an order and
   * die together with the primary.
   */
  stable(upTo: OrderNum): void {
    this.pendingSourceOrder.dropUpTo(upTo);
  }
}
