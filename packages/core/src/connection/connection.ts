import { connectionDigest } from '../model/digest.js';
import type { ConnectionId, ConnectionKind, OrderNum, SeqNum } from '../model/ids.js';
import { connectionKind, maxOf, NO_ORDER, NO_SEQ, next } from '../model/ids.js';
import type { CallOrder, VoidOrder } from '../model/order-info.js';
import type { Outcome } from '../model/outcome.js';
import type { ClientSession } from './client-session.js';
import { Message } from './message.js';
import { Stream } from './stream.js';

/** A seqNum further ahead than this of what arrived without a gap is not accepted: the sender's window is smaller. */
export const SEQ_NUM_WINDOW = 65_536;

/** What a replica knows of one multicast connection: its messages, its streams, its session ([0096]; RIFL, SOSP '15). */
export class Connection {
  readonly id: ConnectionId;
  readonly digest: number;
  readonly kind: ConnectionKind;
  /** Messages that somebody may still ask for, or that the log still has. */
  readonly messages = new Map<SeqNum, Message>();
  /** Open streams, and ended ones whose client has not taken everything. */
  readonly streams = new Map<SeqNum, Stream>();
  /** At the primary: `held` messages, by stream and position. */
  readonly held = new Map<SeqNum, Map<number, Message>>();
  repliesSeenUpTo: SeqNum = NO_SEQ;
  /** On a connection whose messages this primary numbers: the newest. */
  numberedUpTo: SeqNum = NO_SEQ;
  /** Bodies arrived without a gap up to here. */
  receivedUpTo: SeqNum = NO_SEQ;
  readonly #receivedEarly = new Set<SeqNum>();
  /** Highest order of this connection. */
  lastOrder: OrderNum = NO_ORDER;
  /** As handlers see it; part of the ordered history. */
  peer: string | undefined;
  session: ClientSession | undefined;
  /** Since when nobody speaks for the connection, at the primary; its records are freed after a while. */
  silentSinceMs: number | undefined;
  /** At the primary: the end of the connection has its order. Before that, the handlers of its streams are told. */
  expiring = false;

  constructor(id: ConnectionId) {
    this.id = id;
    this.digest = connectionDigest(id);
    this.kind = connectionKind(id);
  }

  message(seqNum: SeqNum): Message {
    let message = this.messages.get(seqNum);
    if (message === undefined) {
      message = new Message(this.id, seqNum);
      this.messages.set(seqNum, message);
    }
    return message;
  }

  /** Whether a message under this seqNum has arrived or was processed before. */
  knows(seqNum: SeqNum): boolean {
    if (/* rule received-once */ seqNum <= this.receivedUpTo || this.#receivedEarly.has(seqNum)) return true;
    const message = this.messages.get(seqNum);
    return message?.order !== undefined || message?.outcome !== undefined;
  }

  withinWindow(seqNum: SeqNum): boolean {
    return seqNum > 0 && seqNum <= maxOf(this.receivedUpTo, this.repliesSeenUpTo) + SEQ_NUM_WINDOW;
  }

  /** Notes that the body of `seqNum` is here, for gap detection. */
  markReceived(seqNum: SeqNum): void {
    if (seqNum <= this.receivedUpTo) return;
    if (seqNum !== this.receivedUpTo + 1) {
      this.#receivedEarly.add(seqNum);
      return;
    }
    this.receivedUpTo = seqNum;
    while (this.#receivedEarly.delete(next(this.receivedUpTo))) this.receivedUpTo = next(this.receivedUpTo);
  }

  /** Messages whose bodies are here and that have no order yet, in the order of their numbers. */
  unordered(): Message[] {
    const unordered = [...this.messages.values()].filter((message) => message.isUnordered);
    return unordered.sort((a, b) => a.seqNum - b.seqNum);
  }

  /**
   * The client will not ask for replies up to `upTo` again, so their outcomes can go. Bodies stay: a backup may yet have
   * to process a message whose client has long been answered.
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

  /** A settled message is remembered only as long as the log has it. */
  #forgetIfDone(message: Message): void {
    if (message.stage === 'settled' && message.order === undefined) this.#forget(message);
  }

  /** Another message may have its number by now, if the connection ended and began anew. */
  #forget(message: Message): void {
    if (this.messages.get(message.seqNum) === message) this.messages.delete(message.seqNum);
  }

  /** The last RPC that waited for a message went away; a message that never came is not expected any more. */
  forgetIfUnwanted(message: Message): void {
    if (message.waiters?.length === 0) message.waiters = undefined;
    if (message.stage === 'expected' && message.waiters === undefined) this.messages.delete(message.seqNum);
  }

  /** The message has its place in the order, and enters the log. */
  enterLog(message: Message, order: CallOrder | VoidOrder): void {
    message.become('ordered');
    message.order = order;
    this.lastOrder = order.orderNum;
  }

  /** The log drops the message. Its outcome stays, and the body as long as its handler waits. */
  leaveLog(message: Message): void {
    message.order = undefined;
    if (message.stage === 'waiting') return;
    message.request = undefined;
    // A passive backup never processed what a checkpoint stands for, and the checkpoint has no outcome that was seen.
    if (message.stage === 'ordered') this.#forget(message);
    else this.#forgetIfDone(message);
  }

  /** No promotion adopted the order of the message. */
  loseOrder(message: Message): void {
    message.order = undefined;
    if (message.request !== undefined && message.seqNum > this.repliesSeenUpTo) message.become('received');
    else this.#forget(message);
  }

  /**
   * How far a checkpoint covers this connection: replies that were seen, except where their messages are yet to be
   * processed. A client may have seen a reply of a term that was cut; its message then takes place once more.
   */
  coveredUpTo(processedUpTo: OrderNum): SeqNum {
    let first = next(this.repliesSeenUpTo);
    for (const message of this.messages.values()) {
      if (message.seqNum >= first) continue;
      if (/* rule cover-processed-only */ isYetToBeProcessed(message, processedUpTo)) first = message.seqNum;
    }
    return (first - 1) as SeqNum;
  }

  /** Everything up to here is processed, or never will be: no body is missing there. */
  coverUpTo(upTo: SeqNum): void {
    if (upTo <= this.receivedUpTo) return;
    this.receivedUpTo = upTo;
    for (const seqNum of this.#receivedEarly) if (seqNum <= upTo) this.#receivedEarly.delete(seqNum);
    while (this.#receivedEarly.delete(next(this.receivedUpTo))) this.receivedUpTo = next(this.receivedUpTo);
  }

  /**
   * The message has its outcome, which is kept unless nobody can ask for it.
   *
   * @param endedAt where in the order its handler ended, if that had waited
   */
  conclude(message: Message, outcome: Outcome, endedAt?: OrderNum): void {
    message.become('processed');
    if (this.kind !== 'session' || message.seqNum <= this.repliesSeenUpTo) {
      this.#settle(message);
      return;
    }
    message.outcome = outcome;
    message.endedAt = endedAt;
  }

  /** A checkpoint says what became of a message. */
  restore(seqNum: SeqNum, outcome: Outcome): void {
    this.markReceived(seqNum);
    if (seqNum <= this.repliesSeenUpTo) return;
    const message = this.message(seqNum);
    if (message.stage === 'processed') return;
    message.request = undefined;
    this.conclude(message, outcome);
  }

  /** Nobody will process these messages: their client has seen replies up to there. */
  forgetUnordered(upTo: SeqNum): void {
    for (const message of this.messages.values()) {
      if (message.seqNum <= upTo && message.isUnordered) this.messages.delete(message.seqNum);
    }
  }

  openStream(id: SeqNum, method: string): Stream {
    let stream = this.streams.get(id);
    if (stream === undefined) {
      stream = new Stream(id, method);
      this.streams.set(id, stream);
    }
    return stream;
  }
}

const isYetToBeProcessed = (message: Message, processedUpTo: OrderNum): boolean =>
  message.isUnordered || (message.order !== undefined && message.order.orderNum > processedUpTo);
