import type { OrderNum } from '../../model/ids.js';
import { NO_ORDER, next } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { hasBody, type OrderInfo } from '../../ordering/order-info.js';
import { OrderWindow } from '../../ordering/window.js';

/** An ordered message in the log. */
export interface Entry {
  readonly info: OrderInfo;
  request: Request | undefined;
}

/**
 * messageOrder ([00100]): messages that are ordered and ready to be processed, kept after that as the message log of
 * FIG. 1 and 2 until nobody can ask for them.
 */
export class MessageOrder {
  readonly entries: OrderWindow<Entry>;
  /** Orders up to here are here with their bodies. */
  heldUpTo: OrderNum;
  processedUpTo: OrderNum;

  constructor(base: OrderNum = NO_ORDER) {
    this.entries = new OrderWindow(base);
    this.heldUpTo = base;
    this.processedUpTo = base;
  }

  get last(): OrderNum {
    return this.entries.last;
  }

  append(info: OrderInfo, request: Request | undefined): void {
    this.entries.append(info.orderNum, { info, request });
    this.advanceHeld();
  }

  advanceHeld(): void {
    for (;;) {
      const entry = this.entries.get(next(this.heldUpTo));
      if (entry === undefined || (hasBody(entry.info) && entry.request === undefined)) return;
      this.heldUpTo = next(this.heldUpTo);
    }
  }

  /** The entry to process next, if it is here with its body. */
  get ready(): Entry | undefined {
    return this.processedUpTo < this.heldUpTo ? this.entries.get(next(this.processedUpTo)) : undefined;
  }

  reset(base: OrderNum): void {
    this.entries.reset(base);
    this.heldUpTo = base;
    this.processedUpTo = base;
  }
}
