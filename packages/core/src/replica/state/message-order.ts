/** messageOrder ([00100]): the ordered messages of a replica without a gap, which is also its message log. */

import type { Message } from '../../connection/message.js';
import type { OrderNum } from '../../model/ids.js';
import { minOf, NO_ORDER, next } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { hasBody, type OrderInfo } from '../../model/order-info.js';
import { OrderWindow } from '../../ordering/window.js';
import type { Work } from '../../scheduling/scheduler.js';
import type { Task } from './events.js';

/** One place in the order, as the log keeps it. */
export interface Entry {
  readonly info: OrderInfo;
  /** The message at this place, if the order is a call or a void. */
  readonly message: Message | undefined;
}

/** The ordered message whose handler is running. `work` is undefined on a replica that did not order it. */
export interface Running {
  readonly task: Task;
  readonly entry: Entry;
  readonly work: Work | undefined;
  readonly startedMs: number;
}

/** The body of an entry; undefined if the entry has none or the body has not arrived. */
export const bodyOf = ({ message }: Entry): Request | undefined => message?.request;

/**
 * Messages that are ordered and ready to be processed. They stay as the message log of FIG. 1 and 2 until nobody can
 * ask for them.
 */
export class MessageOrder {
  readonly entries: OrderWindow<Entry>;
  /** All orders up to this one are here with their bodies. */
  heldUpTo: OrderNum;
  processedUpTo: OrderNum;
  /** The last order whose handler may go on waiting for other messages, as far as that was known when it came. */
  mayStayUpTo = NO_ORDER;
  /** The latest time of any order that was here, also of orders that were not adopted; 0 if none. */
  timeMs = 0;

  constructor(base: OrderNum = NO_ORDER) {
    this.entries = new OrderWindow(base);
    this.heldUpTo = base;
    this.processedUpTo = base;
  }

  get last(): OrderNum {
    return this.entries.last;
  }

  append(info: OrderInfo, message: Message | undefined): void {
    this.entries.append(info.orderNum, { info, message });
    this.timeMs = Math.max(this.timeMs, info.timeMs);
    this.advanceHeld();
  }

  advanceHeld(): void {
    for (;;) {
      const entry = this.entries.get(next(this.heldUpTo));
      if (entry === undefined || (hasBody(entry.info) && bodyOf(entry) === undefined)) return;
      this.heldUpTo = next(this.heldUpTo);
    }
  }

  /** The entry to process next, if it and its body are here. */
  get ready(): Entry | undefined {
    return this.processedUpTo < this.heldUpTo ? this.entries.get(next(this.processedUpTo)) : undefined;
  }

  /** Drops the orders beyond this one: they never happened. */
  dropAfter(orderNum: OrderNum, dropped: (entry: Entry) => void): void {
    this.entries.dropAfter(orderNum, dropped);
    this.heldUpTo = minOf(this.heldUpTo, orderNum);
    /* rule cut-stays-no-more */ this.mayStayUpTo = minOf(this.mayStayUpTo, orderNum);
  }

  /** @param timeMs the time of the order `base`, or a later one */
  reset(base: OrderNum, timeMs: number): void {
    this.entries.reset(base);
    this.timeMs = Math.max(this.timeMs, timeMs);
    this.heldUpTo = base;
    this.processedUpTo = base;
  }
}
