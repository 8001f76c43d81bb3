/** The other replicas of the group as this one sees them. Counts never survive a change of term or of a peer's life. */

import type { ConnectionId, OrderNum, ReplicaId } from '../../model/ids.js';
import { NO_ORDER } from '../../model/ids.js';
import type { Leadership, Member } from '../../model/record.js';
import { sameMember } from '../../record/transitions.js';
import { PeerBulk } from '../links/peer-bulk.js';
import type { Transfer } from './copies/copy.js';

/** Where a replica is reached, `host:port`. */
export interface Reached {
  readonly address: string;
  /** Where other replicas reach it, if that is another address. */
  readonly peerAddress?: string;
}

/** One other replica in one life. Acknowledgments of an older term or an older life do not carry over. */
export interface Peer {
  readonly member: Member;
  linkUp: boolean;
  /** When it was last heard, on whatever link, by this replica's clock. */
  lastHeardMs: number;
  /** When its last frame arrived on the main link. Those come from its main thread. */
  lastFrameMs: number;
  /** When its liveness thread last acknowledged a heartbeat, by this replica's clock. */
  threadHeardMs: number;
  /** The newest heartbeat of ours that it acknowledged: the time at which we sent it, by our clock. */
  ackedHeartbeatMs: number;
  /** Since when this learner has all orders and is kept out of the set because its answers take too long. */
  far: { readonly sinceMs: number; told: boolean } | undefined;
  heldUpTo: OrderNum;
  processedUpTo: OrderNum;
  /** It knows that the primary has processed the orders up to this one. */
  toldUpTo: OrderNum;
  /** The present link has carried announcements up to this order. */
  announcedUpTo: OrderNum;
  /** The sessions that this peer would ask before it became primary. */
  readonly registered: Set<ConnectionId>;
  /** When this replica, as primary, last sent it a frame, by our clock. */
  sentAtMs: number;
  /** What the last announcement on the present link said was stable and processed. */
  saidStable: OrderNum;
  saidProcessed: OrderNum;
  /** The present link has carried the digest of the primary's state after this order. */
  saidState: OrderNum;
  /** The last order after which its state was known to equal the primary's. */
  statesEqualUpTo: OrderNum;
  /**
   * Set while the peer is outside the in-sync set and catches up: `waiting` for its checkpoint, `receiving` it,
   * `following` the announcements, then `entering`. An entering peer's acknowledgments already count, so that it holds everything
   * released by the time the record takes it in.
   */
  learner: 'waiting' | 'receiving' | 'following' | 'entering' | undefined;
  /** The copy of the state that it is being sent. */
  transfer: Transfer | undefined;
  /** The order of the last copy that it got from this primary. */
  copiedUpTo: OrderNum;
  /** The time, by this replica's clock, until which the peer said that it may be silent. */
  busyUntilMs: number;
  /** The newest order when the peer began to count. Replies released before that did not wait for it. */
  enteredAt: OrderNum;
  /** The addresses that the peer told when it asked to catch up. */
  reached: Reached | undefined;
  /** Its own settings and code, as it said on its link; undefined before. */
  brings: Leadership | undefined;
  /** It follows by log and checkpoint, and executes nothing of what this primary orders. */
  byCopy: boolean;
  /** The peer said that it is about to stop. */
  leaving: boolean;
  /**
   * The bytes of bodies that were sent again at the peer's request since `resentMs`, when it held orders up to
   * `resentAt`.
   */
  resentBytes: number;
  resentMs: number;
  resentAt: OrderNum;
  /** The large bodies that it is sent one by one. */
  readonly bulk: PeerBulk;
}

/** All peers by id, with the life that each one's link leads to. */
export class Peers {
  readonly #byId = new Map<ReplicaId, Peer>();
  /**
   * The life at the other end of each link that is up. The record may still name an older life; the link stays up all
   * the same.
   */
  readonly #connected = new Map<ReplicaId, Member & { readonly brings: Leadership }>();

  get(id: ReplicaId): Peer | undefined {
    return this.#byId.get(id);
  }

  /** Whether the link on which this replica sends to the peer is up, whatever life it leads to. */
  isConnected(id: ReplicaId): boolean {
    return this.#connected.has(id);
  }

  values(): IterableIterator<Peer> {
    return this.#byId.values();
  }

  /** Returns the peer in exactly this life. Counts of another life of it are dropped. */
  open(member: Member, nowMs: number): Peer {
    const known = this.#byId.get(member.id);
    if (known !== undefined && sameMember(known.member, member)) return known;
    const connected = this.#connected.get(member.id);
    const linkUp = connected !== undefined && sameMember(connected, member);
    const peer: Peer = {
      member,
      linkUp,
      lastHeardMs: nowMs,
      lastFrameMs: nowMs,
      threadHeardMs: Number.NEGATIVE_INFINITY,
      ackedHeartbeatMs: Number.NEGATIVE_INFINITY,
      far: undefined,
      heldUpTo: NO_ORDER,
      processedUpTo: NO_ORDER,
      toldUpTo: NO_ORDER,
      announcedUpTo: NO_ORDER,
      registered: new Set(),
      sentAtMs: Number.NEGATIVE_INFINITY,
      saidStable: NO_ORDER,
      saidProcessed: NO_ORDER,
      saidState: NO_ORDER,
      statesEqualUpTo: NO_ORDER,
      learner: undefined,
      transfer: undefined,
      copiedUpTo: NO_ORDER,
      busyUntilMs: Number.NEGATIVE_INFINITY,
      enteredAt: NO_ORDER,
      reached: undefined,
      brings: linkUp ? connected.brings : undefined,
      byCopy: false,
      leaving: false,
      resentBytes: 0,
      resentMs: Number.NEGATIVE_INFINITY,
      resentAt: NO_ORDER,
      bulk: new PeerBulk(),
    };
    this.#byId.set(member.id, peer);
    return peer;
  }

  /** The link to a peer in this life is up. */
  connect(member: Member, brings: Leadership, nowMs: number): Peer {
    this.#connected.set(member.id, { ...member, brings });
    const peer = this.open(member, nowMs);
    peer.brings = brings;
    peer.linkUp = true;
    peer.lastFrameMs = nowMs;
    peer.saidStable = NO_ORDER;
    peer.saidProcessed = NO_ORDER;
    peer.saidState = NO_ORDER;
    peer.resentBytes = 0;
    peer.bulk.clear();
    return peer;
  }

  disconnect(id: ReplicaId): Peer | undefined {
    this.#connected.delete(id);
    const peer = this.#byId.get(id);
    if (peer !== undefined) peer.linkUp = false;
    return peer;
  }

  /** This process stood still for `ms` and could not hear its peers, so their silence in that time does not count. */
  excuse(ms: number, nowMs: number): void {
    for (const peer of this.#byId.values()) {
      peer.lastHeardMs = Math.min(peer.lastHeardMs + ms, nowMs);
      peer.lastFrameMs = Math.min(peer.lastFrameMs + ms, nowMs);
    }
  }

  /** A new term begins. No peer has acknowledged anything in it yet. */
  startTerm(nowMs: number, from: OrderNum): void {
    for (const peer of this.#byId.values()) {
      peer.lastHeardMs = nowMs;
      peer.lastFrameMs = nowMs;
      peer.threadHeardMs = Number.NEGATIVE_INFINITY;
      peer.ackedHeartbeatMs = Number.NEGATIVE_INFINITY;
      peer.heldUpTo = NO_ORDER;
      peer.processedUpTo = NO_ORDER;
      peer.toldUpTo = NO_ORDER;
      peer.saidProcessed = NO_ORDER;
      peer.saidState = NO_ORDER;
      peer.announcedUpTo = from;
      peer.registered.clear();
      peer.sentAtMs = Number.NEGATIVE_INFINITY;
      peer.learner = undefined;
      peer.bulk.forgetWaiting();
      peer.byCopy = false;
      peer.transfer = undefined;
      peer.copiedUpTo = NO_ORDER;
    }
  }

  /** A frame of a peer arrived on the main link. */
  heard(peer: Peer, nowMs: number): void {
    peer.lastHeardMs = nowMs;
    peer.lastFrameMs = nowMs;
  }

  drop(id: ReplicaId): void {
    this.#byId.delete(id);
  }
}
