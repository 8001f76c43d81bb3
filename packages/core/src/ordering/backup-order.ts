/** A backup's side of the ordering: FIG. 10, under the seed's names. Orders leave it one by one, without a gap. */

import { assert } from '../model/assert.js';
import type { OrderNum } from '../model/ids.js';
import { next } from '../model/ids.js';
import type { OrderInfo } from '../model/order-info.js';

/** An announcement this far ahead is not kept. The sender will repeat it. */
export const PENDING_DEST_ORDER_WINDOW = 65_536;

/** The announcements that a backup has, with a gap before them, and the order it needs next. */
export class BackupOrder {
  /** Announcements with a gap before them ([0104]). */
  readonly pendingDestOrder = new Map<OrderNum, OrderInfo>();
  /** The order that goes to messageOrder next. */
  nextOrderNum: OrderNum;

  constructor(nextOrderNum: OrderNum) {
    this.nextOrderNum = nextOrderNum;
  }

  /**
   * FIG. 10: puts announcements into pendingDestOrder, and moves those without a gap before them to messageOrder. An
   * announcement may come any number of times. If two name the same orderNum, the one of the newer term is kept.
   *
   * @param toMessageOrder receives each order once, in ascending order without a gap
   */
  backupReceives(announced: readonly OrderInfo[], toMessageOrder: (info: OrderInfo) => void): void {
    for (const info of announced) {
      if (info.orderNum < this.nextOrderNum) continue;
      if (info.orderNum >= this.nextOrderNum + PENDING_DEST_ORDER_WINDOW) continue;
      const known = this.pendingDestOrder.get(info.orderNum);
      if (known === undefined || known.term < info.term) this.pendingDestOrder.set(info.orderNum, info);
    }
    for (;;) {
      const info = this.pendingDestOrder.get(this.nextOrderNum);
      if (info === undefined) return;
      this.pendingDestOrder.delete(info.orderNum);
      this.nextOrderNum = next(this.nextOrderNum);
      toMessageOrder(info);
    }
  }

  /** Whether a gap keeps announced orders from being processed. */
  get hasGap(): boolean {
    return this.pendingDestOrder.size > 0;
  }

  /** Forgets announcements of orders that never happened: those of older terms beyond what a promotion adopted. */
  discard(never: (info: OrderInfo) => boolean): void {
    for (const info of this.pendingDestOrder.values()) if (never(info)) this.pendingDestOrder.delete(info.orderNum);
  }

  /** Goes on from another order, and forgets announcements before it. */
  continueFrom(nextOrderNum: OrderNum): void {
    assert(nextOrderNum > 0, () => `next order ${nextOrderNum}`);
    this.nextOrderNum = nextOrderNum;
    this.discard((info) => info.orderNum < nextOrderNum);
  }
}
