/**
 * Everything a replica knows of one multicast connection ([0096]; RIFL, SOSP '15): messages, replies, streams, session.
 */

import { connectionDigest } from '../model/digest.js';
import type { ConnectionId, ConnectionKind, OrderNum, SeqNum } from '../model/ids.js';
import { connectionKind, maxOf, NO_ORDER, NO_SEQ, next } from '../model/ids.js';
import type { CallOrder, VoidOrder } from '../model/order-info.js';
import { type Outcome, REPLY_FREED } from '../model/outcome.js';
import type { ClientSession } from './client-session.js';
import { Message } from './message.js';
import { Stream } from './stream.js';
import { CONNECTION_BYTES, Shares, Usage } from './usage.js';

/**
 * A seqNum this far beyond what arrived without a gap is not accepted. A correct sender stays within a smaller window.
 */
export const SEQ_NUM_WINDOW = 65_536;

/** At most this many of the numbers that arrived beyond a gap are told to the session. */
const EARLY_MAX = 4096;
const NO_NUMBERS: readonly SeqNum[] = [];

/**
 * One connection. It makes sure that a message is processed once, and that its reply can be asked for until its client
 * has seen it.
 */
export class Connection {
  readonly id: ConnectionId;
  readonly digest: number;
  readonly kind: ConnectionKind;
  /** The messages whose replies may still be asked for, or that the log still has. */
  readonly messages = new Map<SeqNum, Message>();
  /** The streams that are open, or whose clients have not taken every item. */
  readonly streams = new Map<SeqNum, Stream>();
  /** At the primary: messages in the stage `held`, by stream and position. */
  readonly held = new Map<SeqNum, Map<number, Message>>();
  /** The client will not ask for replies up to this number again. */
  repliesSeenUpTo: SeqNum = NO_SEQ;
  /** The newest number given, on a connection whose messages this primary numbers. */
  numberedUpTo: SeqNum = NO_SEQ;
  /** Bodies have arrived without a gap up to this number. */
  receivedUpTo: SeqNum = NO_SEQ;
  readonly #receivedEarly = new Set<SeqNum>();
  /** The numbers of bodies that arrived, but were refused or dropped. */
  readonly #refused = new Set<SeqNum>();
  /** Replies up to this number were freed before their client had seen them. */
  #freedUpTo: SeqNum = NO_SEQ;
  /** The highest order that a message of this connection has. */
  lastOrder: OrderNum = NO_ORDER;
  /** The client's address as handlers see it, which is part of the ordered history. */
  peer: string | undefined;
  session: ClientSession | undefined;
  /**
   * The client that opened the session here: the identity that it proved, or the empty text if it proved none.
   * Undefined before the first hello. No other client may speak for the session, even one that has learned its secret.
   */
  owner: string | undefined;
  /** Whether the log already says that another client tried to use the session. */
  strangerLogged = false;
  /**
   * Whether the session sent this replica a body that is not the one its order names. This replica no longer relies on
   * the session for bodies.
   */
  equivocates = false;
  /** Whether the session sent a call as a read although its method is not read-only here. */
  misreads = false;
  /** At the primary: since when the connection has had no session. Its records are freed after a while. */
  silentSinceMs: number | undefined;
  /** At the primary: the end of the connection is ordered. Cancellations of its open streams were ordered before it. */
  expiring = false;

  /** What is kept for the client here. */
  readonly usage: Usage;
  #shares: Shares | undefined;

  constructor(id: ConnectionId, all: Usage) {
    this.id = id;
    this.usage = new Usage(all);
    this.usage.add(CONNECTION_BYTES);
    this.digest = connectionDigest(id);
    this.kind = connectionKind(id);
  }

  /** What is kept for one of the clients that share this connection. */
  shareOf(client: string): Usage {
    this.#shares ??= new Shares(this.usage);
    return this.#shares.of(client);
  }

  /** @param usage what a new message counts in */
  message(seqNum: SeqNum, usage = this.usage): Message {
    let message = this.messages.get(seqNum);
    if (message === undefined) {
      message = new Message(this.id, seqNum, usage);
      this.messages.set(seqNum, message);
    }
    return message;
  }

  /** Whether a message with this seqNum has arrived or was processed before. */
  knows(seqNum: SeqNum): boolean {
    if (this.#refused.size > 0 && this.#refused.has(seqNum)) return false;
    if (/* rule received-once */ seqNum <= this.receivedUpTo || this.#receivedEarly.has(seqNum)) return true;
    const message = this.messages.get(seqNum);
    return message?.order !== undefined || message?.outcome !== undefined;
  }

  /** The numbers beyond `receivedUpTo` whose bodies have arrived, ascending. */
  get receivedEarly(): readonly SeqNum[] {
    return this.#receivedEarly.size === 0
      ? NO_NUMBERS
      : [...this.#receivedEarly].sort((a, b) => a - b).slice(0, EARLY_MAX);
  }

  withinWindow(seqNum: SeqNum): boolean {
    return seqNum > 0 && seqNum <= maxOf(this.receivedUpTo, this.repliesSeenUpTo) + SEQ_NUM_WINDOW;
  }

  /** Notes that the body of `seqNum` arrived, for gap detection. */
  markReceived(seqNum: SeqNum): void {
    this.#refused.delete(seqNum);
    if (seqNum <= this.receivedUpTo) return;
    if (seqNum !== this.receivedUpTo + 1) {
      this.#receivedEarly.add(seqNum);
      // A sender whose window has moved this far never sends the missing numbers any more.
      if (this.#receivedEarly.size > SEQ_NUM_WINDOW) this.coverUpTo((seqNum - SEQ_NUM_WINDOW / 2) as SeqNum);
      return;
    }
    this.receivedUpTo = seqNum;
    while (this.#receivedEarly.delete(next(this.receivedUpTo))) this.receivedUpTo = next(this.receivedUpTo);
  }

  /** The body of `seqNum` was refused or dropped. If its order never happens, the message may come again. */
  markRefused(seqNum: SeqNum): void {
    this.#refused.add(seqNum);
  }

  /** The messages whose bodies are here and that have no order yet, by ascending number. */
  unordered(): Message[] {
    const unordered = [...this.messages.values()].filter((message) => message.isUnordered);
    return unordered.sort((a, b) => a.seqNum - b.seqNum);
  }

  /**
   * The client will not ask for replies up to `upTo` again, so their outcomes can be freed. Bodies stay: a backup may
   * still have to process a message whose client was answered long ago.
   */
  see(upTo: SeqNum): void {
    if (upTo <= this.repliesSeenUpTo) return;
    if (upTo - this.repliesSeenUpTo > this.messages.size) {
      for (const message of this.messages.values()) if (message.seqNum <= upTo) this.#settle(message);
    } else {
      for (let seqNum = next(this.repliesSeenUpTo); seqNum <= upTo; seqNum = next(seqNum)) {
        const message = this.messages.get(seqNum);
        if (message !== undefined) this.#settle(message);
      }
    }
    this.repliesSeenUpTo = upTo;
  }

  #settle(message: Message): void {
    if (message.stage !== 'processed') return;
    message.become('settled');
    message.outcome = undefined;
    message.endedAt = undefined;
    this.#forgetIfDone(message);
  }

  /** A settled message is remembered only while the log has it. */
  #forgetIfDone(message: Message): void {
    if (message.stage === 'settled' && message.order === undefined) this.#forget(message);
  }

  /** If the connection ended and began anew, the number may belong to another message by now, which stays. */
  #forget(message: Message): void {
    if (this.messages.get(message.seqNum) === message) this.drop(message);
  }

  /** Forgets a message. */
  drop(message: Message): void {
    this.messages.delete(message.seqNum);
    message.forgotten();
  }

  /**
   * The last RPC that waited for this message went away. If the message itself never arrived, it is no longer expected.
   */
  forgetIfUnwanted(message: Message): void {
    if (message.waiters?.length === 0) message.waiters = undefined;
    if (message.stage === 'expected' && message.waiters === undefined) this.drop(message);
  }

  /** The message has its place in the order and enters the log. */
  enterLog(message: Message, order: CallOrder | VoidOrder): void {
    message.become('ordered');
    message.order = order;
    this.lastOrder = order.orderNum;
  }

  /** The log drops the message. Its outcome stays, and so does its body while its handler waits. */
  leaveLog(message: Message): void {
    message.order = undefined;
    if (message.stage === 'waiting') return;
    message.request = undefined;
    // A message is still `ordered` here only on a passive backup that takes a checkpoint instead of processing it. If
    // its reply was not seen yet, the checkpoint restored it first.
    if (message.stage === 'ordered') this.#forget(message);
    else this.#forgetIfDone(message);
  }

  /** The order of the message was cut: the message counts as received, unless its client has seen its reply. */
  loseOrder(message: Message): void {
    message.order = undefined;
    if (message.request !== undefined && message.seqNum > this.repliesSeenUpTo) message.become('received');
    else this.#forget(message);
  }

  /**
   * The number up to which a checkpoint covers this connection: replies up to there were seen, and none of their
   * messages is yet to be processed. A client may have seen a reply whose order was cut; its message may then be
   * processed once more.
   */
  coveredUpTo(processedUpTo: OrderNum): SeqNum {
    let first = next(this.repliesSeenUpTo);
    for (const message of this.messages.values()) {
      if (message.seqNum >= first) continue;
      if (/* rule cover-processed-only */ isYetToBeProcessed(message, processedUpTo)) first = message.seqNum;
    }
    return (first - 1) as SeqNum;
  }

  /** Every message up to this number is processed or never will be, so no body is missing there. */
  coverUpTo(upTo: SeqNum): void {
    for (const seqNum of this.#refused) if (seqNum <= upTo) this.#refused.delete(seqNum);
    if (upTo <= this.receivedUpTo) return;
    this.receivedUpTo = upTo;
    for (const seqNum of this.#receivedEarly) if (seqNum <= upTo) this.#receivedEarly.delete(seqNum);
    while (this.#receivedEarly.delete(next(this.receivedUpTo))) this.receivedUpTo = next(this.receivedUpTo);
  }

  /**
   * The message has its outcome, which is kept unless nobody can ask for it.
   *
   * @param endedAt the order at which its handler ended, if the handler had waited
   */
  conclude(message: Message, outcome: Outcome, endedAt?: OrderNum): void {
    message.become('processed');
    // A void has no body, so one that was dropped before may still count as missing here.
    this.#refused.delete(message.seqNum);
    if (this.kind !== 'session' || message.seqNum <= this.repliesSeenUpTo) {
      this.#settle(message);
      return;
    }
    message.outcome = outcome;
    message.endedAt = endedAt;
  }

  /** Frees the oldest replies before `end` until no more than `bytes` are kept. A retry is told so. */
  freeReplies(bytes: number, end: SeqNum): void {
    let seqNum = maxOf(this.repliesSeenUpTo, this.#freedUpTo);
    while (this.usage.bytes > bytes && next(seqNum) < end) {
      seqNum = next(seqNum);
      const message = this.messages.get(seqNum);
      if (message?.outcome?.kind === 'reply') message.outcome = REPLY_FREED;
    }
    this.#freedUpTo = seqNum;
  }

  /** Takes the outcome of a message from a checkpoint. */
  restore(seqNum: SeqNum, outcome: Outcome): void {
    this.markReceived(seqNum);
    if (seqNum <= this.repliesSeenUpTo) return;
    const message = this.message(seqNum);
    if (message.stage === 'processed') return;
    message.request = undefined;
    this.conclude(message, outcome);
  }

  /** Forgets messages without an order whose replies the client has seen: nobody will process them. */
  forgetUnordered(upTo: SeqNum): void {
    for (const message of this.messages.values()) {
      if (message.seqNum > upTo || !message.isUnordered) continue;
      this.drop(message);
      // The client may come back and send the message again.
      if (message.seqNum > this.repliesSeenUpTo) this.markRefused(message.seqNum);
    }
  }

  /** Whether nothing of this connection has a place in the order, and nothing is kept for its client. */
  get isBlank(): boolean {
    return this.messages.size + this.streams.size === 0 && this.lastOrder === NO_ORDER;
  }

  closeStream(stream: Stream): void {
    this.streams.delete(stream.id);
    stream.history.release();
  }

  /** @param usage what the items of a new stream count in */
  openStream(id: SeqNum, method: string, usage = this.usage): Stream {
    let stream = this.streams.get(id);
    if (stream === undefined) {
      stream = new Stream(id, method, usage);
      this.streams.set(id, stream);
    }
    return stream;
  }
}

const isYetToBeProcessed = (message: Message, processedUpTo: OrderNum): boolean =>
  message.isUnordered || (message.order !== undefined && message.order.orderNum > processedUpTo);
