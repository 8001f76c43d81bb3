import { mixDigest } from '../model/digest.js';
import type { OrderNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { Reply } from '../model/outcome.js';
import type { StreamItem } from '../model/stream.js';
import { OrderWindow } from '../ordering/window.js';

/** An item with the order whose processing made it: it reflects all orders up to there. */
interface OrderedItem {
  readonly orderNum: OrderNum;
  readonly item: StreamItem;
  /** Of all items up to this one. */
  readonly digest: number;
}

/**
 * The replicated history of a stream: what every replica of the group knows of it once it has processed the same orders.
 * How far the client is with it belongs to `StreamDelivery`, and what interceptors make of it to `StreamPassage`.
 */
export class StreamHistory {
  readonly method: string;
  /** The opening was processed here: there is a handler. */
  opened = false;
  /** The handler sent its status, or the interceptors theirs: nothing follows. */
  over = false;
  /** The interceptors ended the stream with a status of their own. */
  ended = false;
  /** The request that opened the stream; the interceptors of a new primary begin with it. */
  opening: Request | undefined;
  /** The client's message with this position is ordered next. */
  nextPosition = 1;
  /** The handler has taken the client's messages up to this position. */
  handledUpTo = 0;
  /** Items that the client has not taken yet. */
  readonly items = new OrderWindow<OrderedItem, number>(0);
  /** The client has taken items up to here; a slow handler may not have sent them yet. */
  takenUpTo = 0;
  /** Of all items so far. */
  #digest = 0;
  #takenDigest = 0;
  /** The primary's digests up to items that this replica's handler has not sent yet. */
  readonly #expected = new Map<number, number>();
  /** What the handler sends beyond this item was never sent. */
  #sealedAt = Number.POSITIVE_INFINITY;
  /** The history began with a checkpoint, which does not tell the digest. */
  #restored = false;

  constructor(method: string) {
    this.method = method;
  }

  /** @returns whether the primary's items up to here were the same, as far as this replica was told */
  append(orderNum: OrderNum, item: StreamItem, digest: number): boolean {
    const index = this.items.last + 1;
    if (index > this.#sealedAt) return true;
    this.#digest = mixDigest(this.#digest, digest);
    this.items.append(index, { orderNum, item, digest: this.#digest });
    if (item.kind === 'status') this.over = true;
    const expected = this.#expected.get(index);
    this.#expected.delete(index);
    if (index <= this.takenUpTo) this.#drop(index);
    return expected === undefined || expected === this.#digest;
  }

  /** The client has taken items up to here. */
  take(upTo: number): void {
    if (upTo > this.takenUpTo) this.takenUpTo = upTo;
    this.#drop(Math.min(upTo, this.items.last));
  }

  /** Of the items up to this one; undefined if that is not known any more, or not yet. */
  digestAt(index: number): number | undefined {
    return index === this.items.base ? this.#takenDigest : this.items.get(index)?.digest;
  }

  /** The primary's digest up to `index`: compared now, or when this replica's handler is as far. */
  expect(index: number, digest: number): boolean {
    if (this.#restored || this.ended) return true;
    if (index > this.items.last) {
      this.#expected.set(index, digest);
      return true;
    }
    const mine = this.digestAt(index);
    return mine === undefined || mine === digest;
  }

  /** Goes on from a checkpoint, which does not tell what was taken. */
  startFrom(takenUpTo: number): void {
    this.#restored = true;
    this.opened = true;
    this.items.reset(takenUpTo);
    this.takenUpTo = takenUpTo;
  }

  /** The stream is about to be ended after this item: what the handler sends beyond is not taken in any more. */
  sealAt(index: number): void {
    this.#sealedAt = index;
  }

  isSealedBefore(index: number): boolean {
    return index > this.#sealedAt;
  }

  /**
   * The interceptors' own status follows the item `upTo`; what the handler sent beyond never was. A replica whose handler
   * was slower lacks some of the items before, and has only the status to give.
   */
  endAfter(upTo: number, orderNum: OrderNum, outcome: Reply): void {
    if (this.items.last < upTo) this.items.reset(upTo);
    else this.items.dropAfter(Math.max(upTo, this.items.base));
    const item: StreamItem = { kind: 'status', outcome };
    this.items.append(this.items.last + 1, { orderNum, item, digest: this.#digest });
    this.ended = true;
    this.over = true;
  }

  /**
   * The client has items up to here. If the interceptors' status is then not within its reach, because the client lacks
   * items that this replica never had, the status comes next.
   *
   * @returns whether the status moved
   */
  bringStatusWithin(received: number): boolean {
    const last = this.ended ? this.items.get(this.items.last) : undefined;
    // The stream may be ended by now, and the status be yet to come.
    if (last?.item.kind !== 'status') return false;
    if (received >= this.items.base && received < this.items.last) return false;
    this.items.reset(received);
    this.items.append(received + 1, last);
    return true;
  }

  #drop(upTo: number): void {
    this.#takenDigest = this.digestAt(upTo) ?? this.#takenDigest;
    /* rule drop-taken */ this.items.dropUpTo(upTo);
  }
}
