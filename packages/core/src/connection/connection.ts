import { connectionDigest } from '../model/digest.js';
import type { ReadReply, SeqReply, StreamAsk } from '../model/frames.js';
import type { CallId, ConnectionId, ConnectionKind, LinkId, OrderNum, SeqNum } from '../model/ids.js';
import { connectionKind, maxOf, NO_ORDER, NO_SEQ, next } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { Outcome } from '../model/outcome.js';
import { Stream } from './stream.js';

/** A seqNum further ahead than this of what arrived without a gap is not accepted: the sender's window is smaller. */
export const SEQ_NUM_WINDOW = 65_536;

/** A client's session as this replica sees it. */
export interface SessionState {
  link: LinkId | undefined;
  /** Where its stream comes from, as handlers are told. */
  peer: string;
  /** This replica answers for it: it would ask the session before it became primary. */
  registered: boolean;
  /** When a frame of it last arrived, by this replica's clock. */
  lastHeardMs: number;
  /** Its newest heartbeat, by its own clock, and the newest echoed. */
  heartbeatMs: number;
  echoedMs: number;
  echoedAtMs: number;
  /** Its link has carried sourceOrderInfo up to here. */
  carriedUpTo: OrderNum;
  /** What gathered replies reflect. */
  carryUpTo: OrderNum;
  stableSent: OrderNum;
  viewSent: boolean;
  closing: boolean;
  replies: Gathered<SeqReply>[];
  reads: Gathered<ReadReply>[];
  /** Streams with items that have not been sent. */
  readonly streams: Set<Stream>;
  /** What it answered to the newest `collect`. */
  collected: Collected | undefined;
}

/** A reply that waits for the end of the turn. It may become stable meanwhile. */
export type Gathered<T extends SeqReply | ReadReply> = Omit<T, 'stable'> & {
  stable: boolean;
  /** It reflects all orders up to here. */
  readonly orderNum: OrderNum;
};

export interface Collected {
  readonly streams: readonly StreamAsk[];
  readonly retained: ReadonlySet<SeqNum>;
  readonly outstanding: readonly SeqNum[];
  readonly sentUpTo: SeqNum;
}

/** What a replica knows of one multicast connection: bodies, duplicates, replies ([0096]; RIFL, SOSP '15, for the cache). */
export class Connection {
  readonly id: ConnectionId;
  readonly digest: number;
  readonly kind: ConnectionKind;
  /** Bodies that have no order yet. */
  readonly bodies = new Map<SeqNum, Request>();
  /** Messages that are ordered and still in the log. */
  readonly orderOf = new Map<SeqNum, OrderNum>();
  /** The reply cache: outcomes of processed messages that may be asked for again. */
  readonly outcomes = new Map<SeqNum, Outcome>();
  /** Of outcomes: where in the order a handler ended that had waited. Its reply leaves when that is stable. */
  readonly endedAt = new Map<SeqNum, OrderNum>();
  /** RPCs that wait for a message's outcome. */
  readonly waiters = new Map<SeqNum, CallId[]>();
  /** Messages whose reply may leave only when it is stable, whatever the release mode. */
  readonly awaitStable = new Set<SeqNum>();
  /** Messages whose RPC was given up: their reply goes to the session, whether or not somebody still seems to wait. */
  readonly byFrame = new Set<SeqNum>();
  /** Waiting to be ordered, at the primary. */
  readonly queued = new Set<SeqNum>();
  /** Open streams, and ended ones whose client has not taken everything. */
  readonly streams = new Map<SeqNum, Stream>();
  /** At the primary: messages of streams that came before others that precede them; by stream and position. */
  readonly early = new Map<SeqNum, Map<number, SeqNum>>();
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
  session: SessionState | undefined;
  /** Since when nobody speaks for it, at the primary; its records are freed after a while. */
  silentSinceMs: number | undefined;
  /** At the primary: it is ordered that its records are freed. Before that, the handlers of its streams are told. */
  expiring = false;

  constructor(id: ConnectionId) {
    this.id = id;
    this.digest = connectionDigest(id);
    this.kind = connectionKind(id);
  }

  /** Whether a body under this seqNum has arrived or was processed before. */
  knows(seqNum: SeqNum): boolean {
    return (
      /* rule received-once */ seqNum <= this.receivedUpTo ||
      this.#receivedEarly.has(seqNum) ||
      this.orderOf.has(seqNum) ||
      this.outcomes.has(seqNum)
    );
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

  /**
   * The client will not ask for replies up to `upTo` again: they can go. Bodies are another matter: a backup may have
   * to process what its client has long been answered.
   */
  see(upTo: SeqNum): void {
    if (upTo <= this.repliesSeenUpTo) return;
    if (upTo - this.repliesSeenUpTo > this.outcomes.size) {
      for (const seqNum of this.outcomes.keys()) if (seqNum <= upTo) this.outcomes.delete(seqNum);
    } else {
      for (let s = next(this.repliesSeenUpTo); s <= upTo; s = next(s)) this.outcomes.delete(s);
    }
    for (const seqNum of this.endedAt.keys()) if (seqNum <= upTo) this.endedAt.delete(seqNum);
    this.repliesSeenUpTo = upTo;
  }

  /**
   * How far a checkpoint covers this connection: replies that were seen, except where their messages are yet to be
   * processed. A client may have seen a reply of a term that was cut; its message then takes place once more.
   */
  coveredUpTo(processedUpTo: OrderNum): SeqNum {
    let first = next(this.repliesSeenUpTo);
    /* rule cover-ordered-only */ for (const seqNum of this.bodies.keys()) if (seqNum < first) first = seqNum;
    /* rule cover-processed-only */ for (const [seqNum, orderNum] of this.orderOf)
      if (orderNum > processedUpTo && seqNum < first) first = seqNum;
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
   * Keeps an outcome unless nobody can ask for it.
   *
   * @param endedAt where in the order its handler ended, if that had waited
   */
  keepOutcome(seqNum: SeqNum, outcome: Outcome, endedAt?: OrderNum): void {
    if (this.kind !== 'session' || seqNum <= this.repliesSeenUpTo) return;
    this.outcomes.set(seqNum, outcome);
    if (endedAt !== undefined) this.endedAt.set(seqNum, endedAt);
  }

  openStream(id: SeqNum, method: string): Stream {
    let stream = this.streams.get(id);
    if (stream === undefined) {
      stream = new Stream(id, method);
      this.streams.set(id, stream);
    }
    return stream;
  }

  takeWaiters(seqNum: SeqNum): CallId[] | undefined {
    const waiters = this.waiters.get(seqNum);
    if (waiters !== undefined) this.waiters.delete(seqNum);
    return waiters;
  }
}
