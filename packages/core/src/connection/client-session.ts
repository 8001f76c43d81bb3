import type { ReadReply, SeqReply, StreamAsk } from '../model/frames.js';
import { type LinkId, NO_ORDER, type OrderNum, type SeqNum } from '../model/ids.js';
import type { Stream } from './stream.js';

/** A reply that waits for the end of the turn. Its order may become stable meanwhile. */
export type Gathered<T extends SeqReply | ReadReply> = Omit<T, 'stable'> & {
  stable: boolean;
  /** The reply reflects all orders up to here. */
  readonly orderNum: OrderNum;
};

/** What a session answered to `collect`. */
export interface Collected {
  readonly streams: readonly StreamAsk[];
  readonly retained: ReadonlySet<SeqNum>;
  readonly outstanding: readonly SeqNum[];
  readonly sentUpTo: SeqNum;
}

/** A client's session, as the replica at the other end of its link sees it. */
export class ClientSession {
  link: LinkId | undefined;
  /** Where the link comes from, as handlers are told. */
  peer: string;
  /** This replica answers for the session: it would ask the session before it became primary. */
  registered = true;
  /** When a frame of the session last arrived, by this replica's clock. */
  lastHeardMs: number;
  /** The session's newest heartbeat, by its own clock, and the newest that was echoed. */
  heartbeatMs: number;
  echoedMs: number;
  echoedAtMs: number;
  /** The link has carried sourceOrderInfo up to here. */
  carriedUpTo: OrderNum = NO_ORDER;
  /** The gathered replies reflect orders up to here. */
  carryUpTo: OrderNum = NO_ORDER;
  stableSent: OrderNum = NO_ORDER;
  viewSent = true;
  closing = false;
  replies: Gathered<SeqReply>[] = [];
  reads: Gathered<ReadReply>[] = [];
  /** Streams with items that have not been sent. */
  readonly streams = new Set<Stream>();
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
}
