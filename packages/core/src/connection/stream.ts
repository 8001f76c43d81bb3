import type { OrderNum, SeqNum } from '../model/ids.js';
import type { Reply } from '../model/outcome.js';
import type { StreamItem } from '../model/stream.js';
import { StreamDelivery } from './stream-delivery.js';
import { StreamHistory } from './stream-history.js';
import { StreamPassage } from './stream-passage.js';

/**
 * A streaming call as a replica knows it: its replicated history, how far its client was served, and its way through the
 * user's interceptors. What concerns more than one of these three is a method here, so that they agree at all times.
 */
export class Stream {
  /** seqNum of the message that opened it. */
  readonly id: SeqNum;
  readonly history: StreamHistory;
  readonly delivery = new StreamDelivery();
  readonly passage = new StreamPassage();

  constructor(id: SeqNum, method: string) {
    this.id = id;
    this.history = new StreamHistory(method);
  }

  get method(): string {
    return this.history.method;
  }

  /** @returns whether the primary's items up to here were the same, as far as this replica was told */
  append(orderNum: OrderNum, item: StreamItem, digest: number): boolean {
    const same = this.history.append(orderNum, item, digest);
    this.#followBase();
    return same;
  }

  /** The client has taken items up to here. */
  take(upTo: number): void {
    this.history.take(upTo);
    this.#followBase();
  }

  /** Goes on from a checkpoint, which does not tell what was taken. */
  startFrom(takenUpTo: number): void {
    this.history.startFrom(takenUpTo);
    this.delivery.sentUpTo = takenUpTo;
  }

  /** What the interceptors made of an item; the item may be gone by now. */
  pass(index: number, item: StreamItem): void {
    const { history, passage } = this;
    if (!history.isSealedBefore(index) && history.items.get(index) !== undefined) passage.pass(index, item);
  }

  /** The interceptors let all items up to here pass. */
  get passedUpTo(): number {
    return this.passage.passedUpTo(this.history.items.base);
  }

  /** Items up to here are at the client for certain. */
  get clientHas(): number {
    return Math.max(this.delivery.receivedUpTo, this.history.takenUpTo);
  }

  /**
   * The stream is about to be ended: no item is taken in any more.
   *
   * @param passes whether items pass interceptors: those that have not yet are kept back
   * @returns the last item that the client gets before the status
   */
  seal(passes: boolean): number {
    const last = Math.max(passes ? this.passedUpTo : this.history.items.last, this.clientHas);
    this.history.sealAt(last);
    return last;
  }

  /** The interceptors' own status follows the item `upTo`; what the handler sent beyond never was. */
  endAfter(upTo: number, orderNum: OrderNum, outcome: Reply): void {
    const { history, passage, delivery } = this;
    const { items } = history;
    history.endAfter(upTo, orderNum, outcome);
    this.#followBase();
    passage.forgetAfter(items.last - 1);
    passage.pass(items.last, { kind: 'status', outcome });
    // The client may have said meanwhile that it has more.
    if (delivery.receivedUpTo >= items.last) this.resumeAfter(delivery.receivedUpTo);
  }

  /** The client has items up to here: the stream goes on behind them. */
  resumeAfter(received: number): void {
    const { history, passage, delivery } = this;
    const { items } = history;
    passage.awaitsAsk = false;
    delivery.receivedUpTo = Math.max(delivery.receivedUpTo, received);
    const status = passage.passed(items.last);
    if (history.bringStatusWithin(received)) {
      passage.forgetAfter(received);
      if (status !== undefined) passage.pass(items.last, status);
      this.#followBase();
    }
    /* rule go-on-from-received */ delivery.sentUpTo = Math.max(items.base, Math.min(received, items.last));
    passage.skipTo(delivery.sentUpTo);
  }

  /** Nobody will ask for anything of the stream any more. */
  get done(): boolean {
    return this.history.over && this.history.items.length === 0;
  }

  /** What the client has taken is gone from the history, so nothing points at it. */
  #followBase(): void {
    const { base } = this.history.items;
    if (this.delivery.sentUpTo < base) this.delivery.sentUpTo = base;
    this.passage.forgetUpTo(base);
  }
}
