/** A streaming call as a replica knows it. Its history, delivery and passage agree at all times. */

import type { OrderNum, SeqNum } from '../model/ids.js';
import type { Reply } from '../model/outcome.js';
import type { StreamItem } from '../model/stream.js';
import { StreamDelivery } from './stream-delivery.js';
import { StreamHistory } from './stream-history.js';
import { StreamPassage } from './stream-passage.js';
import { Usage } from './usage.js';

/**
 * A stream consists of its replicated history, the delivery to its client, and its passage through the user's
 * interceptors. An operation that concerns more than one of these is a method here.
 */
export class Stream {
  /** The seqNum of the message that opened the stream. */
  readonly id: SeqNum;
  history: StreamHistory;
  readonly delivery = new StreamDelivery();
  readonly passage = new StreamPassage();

  constructor(id: SeqNum, method: string, usage = new Usage()) {
    this.id = id;
    this.history = new StreamHistory(method, usage);
  }

  get method(): string {
    return this.history.method;
  }

  /**
   * Adds an item that the handler sent.
   *
   * @returns false if the primary's digest at this item is known and differs
   */
  append(orderNum: OrderNum, item: StreamItem, digest: number): boolean {
    const same = this.history.append(orderNum, item, digest);
    this.#followBase();
    return same;
  }

  /** The client has taken items up to this one. */
  take(upTo: number): void {
    this.history.take(upTo);
    this.#followBase();
  }

  /** Goes on from a checkpoint, which does not include the items that were taken. */
  startFrom(takenUpTo: number): void {
    this.history.startFrom(takenUpTo);
    this.delivery.sentUpTo = takenUpTo;
  }

  /**
   * Goes on as `former`, which was opened on another connection. The parts that are scheduled there do not count, so the
   * client sends again what was not processed.
   *
   * @param received the client has items up to this one
   */
  continueFrom(former: Stream, usage: Usage, received: number): void {
    const { history } = former;
    former.history = new StreamHistory(history.method, new Usage());
    history.chargeTo(usage);
    /* rule resume-behind-processed */ history.nextPosition = history.processedUpTo + 1;
    this.history = history;
    /* rule resume-behind-received */ this.resumeAfter(received);
  }

  /** The interceptors let an item pass as `item`. The history may not have it any more. */
  pass(index: number, item: StreamItem): void {
    const { history, passage } = this;
    if (!history.isSealedBefore(index) && history.items.get(index) !== undefined) passage.pass(index, item);
  }

  /** The index up to which the interceptors let all items pass. */
  get passedUpTo(): number {
    return this.passage.passedUpTo(this.history.items.base);
  }

  /** The index up to which the client certainly has all items. */
  get clientHas(): number {
    return Math.max(this.delivery.receivedUpTo, this.history.takenUpTo);
  }

  /**
   * The stream is about to be ended, so no further item is kept.
   *
   * @param passes whether items pass interceptors; if so, items that have not passed yet are withheld
   * @returns the last item that the client gets before the status
   */
  seal(passes: boolean): number {
    const last = Math.max(passes ? this.passedUpTo : this.history.items.last, this.clientHas);
    this.history.sealAt(last);
    return last;
  }

  /** Ends the stream with a status after the item `upTo`; items beyond that are dropped. */
  endAfter(upTo: number, orderNum: OrderNum, outcome: Reply): void {
    const { history, passage, delivery } = this;
    const { items } = history;
    history.endAfter(upTo, orderNum, outcome);
    this.#followBase();
    passage.forgetAfter(items.last - 1);
    passage.pass(items.last, { kind: 'status', outcome });
    // The client may have said meanwhile that it has more items.
    if (delivery.receivedUpTo >= items.last) this.resumeAfter(delivery.receivedUpTo);
  }

  /** The client has items up to this one, so the stream goes on with the next. */
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

  /** Whether the stream is over and its client has taken everything. */
  get done(): boolean {
    return this.history.over && this.history.items.length === 0;
  }

  /** Moves the cursors past items that the client took, which the history has dropped. */
  #followBase(): void {
    const { base } = this.history.items;
    if (this.delivery.sentUpTo < base) this.delivery.sentUpTo = base;
    this.passage.forgetUpTo(base);
  }
}
