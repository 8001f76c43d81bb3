/** The replicated part of a stream: the same on every replica that has processed the same orders. */

import { mixDigest } from '../model/digest.js';
import type { OrderNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { NestedCaller } from '../model/nested.js';
import type { Reply } from '../model/outcome.js';
import type { StreamItem } from '../model/stream.js';
import { OrderWindow } from '../ordering/window.js';
import { itemCost, type Usage } from './usage.js';

/** An item with the order during whose processing it was sent: it reflects all orders up to that one. */
interface OrderedItem {
  readonly orderNum: OrderNum;
  readonly item: StreamItem;
  /** The digest of all items up to this one. */
  readonly digest: number;
}

/**
 * A stream's items and how far both sides are. How far the client was served is in `StreamDelivery`, and what
 * interceptors made of items is in `StreamPassage`.
 */
export class StreamHistory {
  readonly method: string;
  /** Whether the opening was processed here, so that there is a handler. */
  opened = false;
  /** Whether the handler or the interceptors sent the status, so that nothing follows. */
  over = false;
  /** Whether the stream was ended with a status that is not its handler's: by interceptors, or to copy the state. */
  ended = false;
  /** The request that opened the stream. The interceptors of a new primary see it first. */
  opening: Request | undefined;
  /** The group whose handler opened the stream; undefined if no group did. */
  caller: NestedCaller | undefined;
  /** The position of the client's message that is ordered next. */
  nextPosition = 1;
  /** The client's messages up to this position were processed. */
  processedUpTo = 0;
  /** The handler has taken the client's messages up to this position. */
  handledUpTo = 0;
  /** The items that the client has not taken yet. */
  readonly items = new OrderWindow<OrderedItem, number>(0);
  /** The client has taken items up to this one. A slow handler may not have sent them yet. */
  takenUpTo = 0;
  /** The digest of all items so far. */
  #digest = 0;
  #takenDigest = 0;
  /** The primary's digests at items that this replica's handler has not sent yet. */
  readonly #expected = new Map<number, number>();
  /** Items that the handler sends beyond this one do not count. */
  #sealedAt = Number.POSITIVE_INFINITY;
  /** Whether the history began with a checkpoint, which does not include the digest. */
  #restored = false;

  /** What the items cost their connection. */
  #usage: Usage;
  readonly #freed = ({ item }: OrderedItem): void => this.#usage.add(-itemCost(item));

  constructor(method: string, usage: Usage) {
    this.method = method;
    this.#usage = usage;
  }

  /** What its items count in. */
  get usage(): Usage {
    return this.#usage;
  }

  /** The stream goes on as one of another connection, which its items cost something from now on. */
  chargeTo(usage: Usage): void {
    for (const ordered of this.items.slice(this.items.base, this.items.last)) {
      this.#freed(ordered);
      usage.add(itemCost(ordered.item));
    }
    this.#usage = usage;
  }

  /** The stream is forgotten with all its items. */
  release(): void {
    this.items.dropUpTo(this.items.last, this.#freed);
  }

  /**
   * Adds an item that the handler sent.
   *
   * @returns false if the primary's digest at this item is known and differs
   */
  append(orderNum: OrderNum, item: StreamItem, digest: number): boolean {
    const index = this.items.last + 1;
    if (index > this.#sealedAt) return true;
    this.#digest = mixDigest(this.#digest, digest);
    this.items.append(index, { orderNum, item, digest: this.#digest });
    this.#usage.add(itemCost(item));
    if (item.kind === 'status') this.over = true;
    const expected = this.#expected.get(index);
    this.#expected.delete(index);
    if (index <= this.takenUpTo) this.#drop(index);
    return expected === undefined || expected === this.#digest;
  }

  /** The client has taken items up to this one. */
  take(upTo: number): void {
    if (upTo > this.takenUpTo) this.takenUpTo = upTo;
    this.#drop(Math.min(upTo, this.items.last));
  }

  /** The digest of the items up to this one; undefined if it is not known any more, not yet, or since a checkpoint. */
  digestAt(index: number): number | undefined {
    if (this.#restored) return undefined;
    return index === this.items.base ? this.#takenDigest : this.items.get(index)?.digest;
  }

  /**
   * Compares the primary's digest at `index` now, or later when this replica's handler is that far.
   *
   * @returns false if it differs
   */
  expect(index: number, digest: number): boolean {
    if (this.#restored || this.ended) return true;
    if (index > this.items.last) {
      this.#expected.set(index, digest);
      return true;
    }
    const mine = this.digestAt(index);
    return mine === undefined || mine === digest;
  }

  /** Goes on from a checkpoint, which does not include the items that were taken. */
  startFrom(takenUpTo: number): void {
    this.#restored = true;
    this.opened = true;
    this.release();
    this.items.reset(takenUpTo);
    this.takenUpTo = takenUpTo;
  }

  /** The stream is about to be ended after this item. Items that the handler sends beyond it are not kept. */
  sealAt(index: number): void {
    this.#sealedAt = index;
  }

  isSealedBefore(index: number): boolean {
    return index > this.#sealedAt;
  }

  /**
   * Ends the stream with a status after the item `upTo`; items beyond that are dropped. A replica whose handler was
   * slower lacks some of the earlier items, so it keeps only the status.
   */
  endAfter(upTo: number, orderNum: OrderNum, outcome: Reply): void {
    if (this.items.last < upTo) {
      this.release();
      this.items.reset(upTo);
    } else this.items.dropAfter(Math.max(upTo, this.items.base), this.#freed);
    const item: StreamItem = { kind: 'status', outcome };
    this.items.append(this.items.last + 1, { orderNum, item, digest: this.#digest });
    this.#usage.add(itemCost(item));
    this.ended = true;
    this.over = true;
  }

  /**
   * The client has items up to this one. If it lacks items that this replica never had, it could not reach the status,
   * so the status becomes its next item.
   *
   * @returns whether the status moved
   */
  bringStatusWithin(received: number): boolean {
    const last = this.ended ? this.items.get(this.items.last) : undefined;
    // The stream may have been ended while the order with its status is still to come.
    if (last?.item.kind !== 'status') return false;
    if (received >= this.items.base && received < this.items.last) return false;
    this.release();
    this.items.reset(received);
    this.items.append(received + 1, last);
    this.#usage.add(itemCost(last.item));
    return true;
  }

  #drop(upTo: number): void {
    this.#takenDigest = this.digestAt(upTo) ?? this.#takenDigest;
    /* rule drop-taken */ this.items.dropUpTo(upTo, this.#freed);
  }
}
