/** A client's session as one replica sees it: its link, its heartbeats, and the frames gathered for it. */

import type { ReadReply, SeqReply, StreamAsk } from '../model/frames.js';
import { type LinkId, NO_ORDER, type OrderNum, type SeqNum } from '../model/ids.js';
import { type Outcome, replyBytes } from '../model/outcome.js';
import type { Stream } from './stream.js';

/** A reply that leaves at the end of the turn. Its order may become stable until then. */
export type Gathered<T extends SeqReply | ReadReply> = Omit<T, 'stable'> & {
  stable: boolean;
  /** The reply reflects all orders up to this one. */
  readonly orderNum: OrderNum;
};

/** A large reply that waits for room on its session's link. Whether it may leave is decided again when it does. */
export interface BulkReply {
  readonly to: { readonly kind: 'seq'; readonly seqNum: SeqNum } | { readonly kind: 'read'; readonly readId: number };
  readonly orderNum: OrderNum;
  readonly outcome: Outcome;
  mustBeStable: boolean;
}

/** A session's answer to `collect`. */
export interface Collected {
  readonly streams: readonly StreamAsk[];
  readonly retained: ReadonlySet<SeqNum>;
  readonly outstanding: readonly SeqNum[];
  readonly sentUpTo: SeqNum;
}

/**
 * How many large requests a session may announce at a time. The replica asks for any further one as if it had not been
 * announced.
 */
const COMING_MAX = 1024;

/** The replica's state for one session. A new link of the same session makes a new object. */
export class ClientSession {
  link: LinkId | undefined;
  /** The address of the client, as handlers see it. */
  peer: string;
  /** Whether this replica answers for the session: it would ask the session before it became primary. */
  registered = true;
  /** When a frame of the session last arrived, by this replica's clock. */
  lastHeardMs: number;
  /** The session's newest heartbeat and the newest one that was echoed, both by the client's clock. */
  heartbeatMs: number;
  echoedMs: number;
  echoedAtMs: number;
  /** The link has carried sourceOrderInfo up to this order. */
  carriedUpTo: OrderNum = NO_ORDER;
  /** The gathered replies reflect orders up to this one. */
  carryUpTo: OrderNum = NO_ORDER;
  /** Its replies wait until orders up to this one are stable, so they are carried as soon as they are processed. */
  atOnceUpTo: OrderNum = NO_ORDER;
  stableSent: OrderNum = NO_ORDER;
  viewSent = true;
  closing = false;
  replies: Gathered<SeqReply>[] = [];
  reads: Gathered<ReadReply>[] = [];
  /** Large replies that wait for room on the link, each of which leaves in a frame of its own. */
  bulk: BulkReply[] = [];
  /** The bytes of the large replies that the link has not passed on yet, the oldest first, and their sum. */
  onTheWay: number[] = [];
  bulkBytes = 0;
  /** When the link last passed on a large reply, broke, or took the place of a former one. */
  passedOnMs = Number.NEGATIVE_INFINITY;
  /** The streams that have something to send. */
  readonly streams = new Set<Stream>();
  /** The large requests that the session said will follow on this link, and when it said so. */
  readonly #coming = new Map<SeqNum, number>();
  /**
   * How far this replica's wall clock is ahead of the client's, in milliseconds. The true difference is no larger,
   * because the hello took some time to arrive. Undefined if the client did not tell its time.
   */
  clockAheadMs: number | undefined;
  /** The answer to the newest `collect`. */
  collected: Collected | undefined;

  constructor(link: LinkId, peer: string, heartbeatMs: number, nowMs: number) {
    this.link = link;
    this.peer = peer;
    this.lastHeardMs = nowMs;
    this.heartbeatMs = heartbeatMs;
    this.echoedMs = heartbeatMs;
    this.echoedAtMs = nowMs;
  }

  /** The bytes of the large replies that the link has not passed on yet, or that wait for it. */
  get unreadBytes(): number {
    let bytes = this.bulkBytes;
    for (const { outcome } of this.bulk) bytes += replyBytes(outcome);
    return bytes;
  }

  /** The session said that a large request will follow on this link. */
  announce(seqNum: SeqNum, nowMs: number): void {
    // A client may announce what it never sends, and that must not fill the memory.
    if (this.#coming.has(seqNum) || this.#coming.size < COMING_MAX) this.#coming.set(seqNum, nowMs);
  }

  /** When the session last said that a large request will follow; undefined if it did not, or if the request came. */
  announcedAtMs(seqNum: SeqNum): number | undefined {
    return this.#coming.get(seqNum);
  }

  /** A request came, whether it was announced or not. */
  came(seqNum: SeqNum): void {
    this.#coming.delete(seqNum);
  }
}

/**
 * The part of a client's address that does not change with every connection: the address without its port.
 *
 * @param peer an address as gRPC writes it, such as `127.0.0.1:4711` or `[::1]:4711`
 */
export function addressOf(peer: string): string {
  const colon = peer.lastIndexOf(':');
  return colon > 0 && /^\d+$/.test(peer.slice(colon + 1)) ? peer.slice(0, colon) : peer;
}
