import { mixDigest } from '../model/digest.js';
import type { CallId, OrderNum, SeqNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { Reply } from '../model/outcome.js';
import type { StreamItem } from '../model/stream.js';
import { OrderWindow } from '../ordering/window.js';
import type { Message } from './message.js';

/** An item with the order whose processing made it: it reflects all orders up to there. */
interface OrderedItem {
  readonly orderNum: OrderNum;
  readonly item: StreamItem;
  /** Of all items up to this one. */
  readonly digest: number;
  /** What the user's interceptors made of it, once they have; only where there are any. */
  passed: StreamItem | undefined;
}

/** A streaming call as a replica knows it: how far its client's messages are ordered, and what is kept for its client. */
export class Stream {
  /** seqNum of the message that opened it. */
  readonly id: SeqNum;
  readonly method: string;
  /** Its opening was processed here: there is a handler. */
  opened = false;
  /** The handler sent its status, or the interceptors theirs: nothing follows. */
  over = false;
  /** The interceptors ended it with a status of their own. */
  ended = false;
  /** What opened it; interceptors of a new primary begin with that. */
  opening: Request | undefined;
  /** At the primary: the interceptors let its opening pass, so what follows may be ordered. */
  admitted = true;
  /** Before it was admitted its RPC ended, or its client said that it does not have it. */
  gone = false;
  /** The client's message with this position is ordered next. */
  nextPosition = 1;
  /** At a primary with interceptors: the client's message that is on its way through them, or not processed yet. */
  entering: Message | undefined;
  /** Items that the client has not taken yet. */
  readonly items = new OrderWindow<OrderedItem, number>(0);
  /** The client has taken items up to here; a slow handler may not have sent them yet. */
  takenUpTo = 0;
  /** The client has said that it has items up to here; a handler that begins anew may not have sent them yet. */
  #receivedUpTo = 0;
  /** The handler has taken messages up to this position, and how far the session's present stream, or the RPC, was told. */
  handledUpTo = 0;
  toldHandledUpTo = 0;
  /** Items up to here were sent on the session's present stream, or on the RPC. */
  sentUpTo = 0;
  /** Items up to here leave only when they are stable: the client asked so. */
  stableOnlyUpTo = 0;
  /** At a primary with interceptors: items up to here were given to them. */
  offeredUpTo = 0;
  #passedUpTo = 0;
  /** At a new primary with interceptors: which of the items its client has is not known yet. */
  awaitsAsk = false;
  /** The RPC of a client without our interceptor. */
  call: CallId | undefined;
  /** Positions that its RPC has brought. */
  arrived = 0;
  /** Of all items so far. */
  #digest = 0;
  #takenDigest = 0;
  /** What the primary's digests were, up to items that this replica's handler has not sent yet. */
  readonly #expected = new Map<number, number>();
  /** What its handler sends beyond was never sent. */
  #sealedAt = Number.POSITIVE_INFINITY;
  /** It began with a checkpoint, which does not tell the digest. */
  #restored = false;

  constructor(id: SeqNum, method: string) {
    this.id = id;
    this.method = method;
  }

  /** @returns whether the primary's items up to here were the same, as far as this replica was told */
  append(orderNum: OrderNum, item: StreamItem, digest: number): boolean {
    const index = this.items.last + 1;
    if (index > this.#sealedAt) return true;
    this.#digest = mixDigest(this.#digest, digest);
    this.items.append(index, { orderNum, item, digest: this.#digest, passed: undefined });
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

  /** The primary's digest up to there: to be compared now, or when this replica's handler is as far. */
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
    this.sentUpTo = takenUpTo;
  }

  /** What the interceptors made of an item; it may be gone by now. */
  pass(index: number, item: StreamItem): void {
    const ordered = index > this.#sealedAt ? undefined : this.items.get(index);
    if (ordered !== undefined) ordered.passed = item;
  }

  /** The interceptors let all items up to here pass. */
  get passedUpTo(): number {
    if (this.#passedUpTo < this.items.base) this.#passedUpTo = this.items.base;
    while (this.items.get(this.#passedUpTo + 1)?.passed !== undefined) this.#passedUpTo++;
    return this.#passedUpTo;
  }

  /** Items up to here are at the client for certain. */
  get clientHas(): number {
    return Math.max(this.#receivedUpTo, this.takenUpTo);
  }

  /**
   * It is about to be ended: nothing is taken in any more.
   *
   * @param passes whether items pass interceptors: those that have not yet are kept back
   * @returns the last item that its client gets before the status
   */
  seal(passes: boolean): number {
    this.#sealedAt = Math.max(passes ? this.passedUpTo : this.items.last, this.clientHas);
    return this.#sealedAt;
  }

  /**
   * The interceptors' own status follows the item `upTo`; what the handler sent beyond never was. A replica whose handler
   * was slower lacks some of what comes before, and has only the status to give.
   */
  endAfter(upTo: number, orderNum: OrderNum, outcome: Reply): void {
    if (this.items.last < upTo) this.items.reset(upTo);
    else this.items.dropAfter(Math.max(upTo, this.items.base));
    if (this.sentUpTo < this.items.base) this.sentUpTo = this.items.base;
    this.#passedUpTo = Math.min(this.#passedUpTo, this.items.last);
    const item: StreamItem = { kind: 'status', outcome };
    this.items.append(this.items.last + 1, { orderNum, item, digest: this.#digest, passed: item });
    this.ended = true;
    this.over = true;
    // The client may have said meanwhile that it has more.
    if (this.#receivedUpTo >= this.items.last) this.resumeAfter(this.#receivedUpTo);
  }

  /**
   * The client has items up to here, so these need not pass. If the interceptors' status is then not within its reach,
   * because it lacks items that this replica never had, it comes next.
   */
  resumeAfter(received: number): void {
    this.awaitsAsk = false;
    this.#receivedUpTo = Math.max(this.#receivedUpTo, received);
    const last = this.ended ? this.items.get(this.items.last) : undefined;
    // It may be ended by now, and the status be yet to come.
    const status = last?.item.kind === 'status' ? last : undefined;
    if (status !== undefined && (received < this.items.base || received >= this.items.last)) {
      this.items.reset(received);
      this.items.append(received + 1, status);
    }
    /* rule go-on-from-received */ this.sentUpTo = Math.max(this.items.base, Math.min(received, this.items.last));
    this.offeredUpTo = Math.max(this.offeredUpTo, this.sentUpTo);
    this.#passedUpTo = Math.max(this.#passedUpTo, this.sentUpTo);
  }

  /** Nobody will ask for anything of it any more. */
  get done(): boolean {
    return this.over && this.items.length === 0;
  }

  #drop(upTo: number): void {
    this.#takenDigest = this.digestAt(upTo) ?? this.#takenDigest;
    /* rule drop-taken */ this.items.dropUpTo(upTo);
    if (this.sentUpTo < this.items.base) this.sentUpTo = this.items.base;
  }
}
