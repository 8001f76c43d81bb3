import type { CallId, OrderNum, SeqNum } from '../ids.js';
import { OrderWindow } from '../ordering/window.js';
import type { StreamItem } from '../stream.js';

/** An item with the order whose processing made it: it reflects all orders up to there. */
export interface OrderedItem {
  readonly orderNum: OrderNum;
  readonly item: StreamItem;
}

/** A streaming call as a replica knows it: how far its client's messages are ordered, and what is kept for its client. */
export class Stream {
  /** seqNum of the message that opened it. */
  readonly id: SeqNum;
  readonly method: string;
  /** Its opening was processed here: there is a handler. */
  opened = false;
  /** The handler sent its status: nothing follows. */
  over = false;
  /** At the primary: the interceptors let its opening pass, so what follows may be ordered. */
  admitted = true;
  /** Its RPC ended before it was admitted. */
  gone = false;
  /** The client's message with this position is ordered next. */
  nextPosition = 1;
  /** Items that the client has not taken yet. */
  readonly items = new OrderWindow<OrderedItem, number>(0);
  /** Items up to here were sent on the session's present stream, or on the RPC. */
  sentUpTo = 0;
  /** Items up to here leave only when they are stable: the client asked so. */
  stableOnlyUpTo = 0;
  /** The RPC of a client without our interceptor. */
  call: CallId | undefined;
  /** Positions that its RPC has brought. */
  arrived = 0;

  constructor(id: SeqNum, method: string) {
    this.id = id;
    this.method = method;
  }

  append(orderNum: OrderNum, item: StreamItem): void {
    this.items.append(this.items.last + 1, { orderNum, item });
    if (item.kind === 'status') this.over = true;
  }

  /** The client has taken items up to here. */
  take(upTo: number): void {
    this.items.dropUpTo(Math.min(upTo, this.items.last));
    if (this.sentUpTo < this.items.base) this.sentUpTo = this.items.base;
  }

  /** Nobody will ask for anything of it any more. */
  get done(): boolean {
    return this.over && this.items.length === 0;
  }
}
