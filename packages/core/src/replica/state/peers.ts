import type { ConnectionId, OrderNum, ReplicaId } from '../../model/ids.js';
import { NO_ORDER } from '../../model/ids.js';
import type { Member } from '../../model/record.js';
import { sameMember } from '../../record/transitions.js';

/** Another replica, as this one sees it. Counts made in an older term, or for an older life, do not carry over. */
export interface Peer {
  readonly member: Member;
  linkUp: boolean;
  /** Last frame of it, by this replica's clock. */
  lastHeardMs: number;
  /** Newest heartbeat of ours that it acknowledged, by our clock when we sent it. */
  ackedHeartbeatMs: number;
  heldUpTo: OrderNum;
  processedUpTo: OrderNum;
  /** This stream has carried announcements up to here. */
  announcedUpTo: OrderNum;
  /** Sessions for which it would ask before it became primary. */
  readonly registered: Set<ConnectionId>;
  /** When a frame last went to it as primary, by our clock. */
  sentAtMs: number;
  /**
   * Outside the in-sync set, catching up: `waiting` for its checkpoint, `following` the announcements, then `entering`:
   * its acknowledgments count already, so that it holds everything that was released when the record takes it in.
   */
  learner: 'waiting' | 'following' | 'entering' | undefined;
  /** It acknowledged the checkpoint that it started from. */
  confirmed: boolean;
  /** The newest order when it began to count: what was released before did not wait for it. */
  enteredAt: OrderNum;
  address: string | undefined;
  /** It said that it is about to stop. */
  leaving: boolean;
  /** Bodies that it asked for and was sent since `resentMs`, when it held orders up to `resentAt`, in bytes. */
  resentBytes: number;
  resentMs: number;
  resentAt: OrderNum;
}

export class Peers {
  readonly #byId = new Map<ReplicaId, Peer>();
  /** The lives that streams are up to. A record may still name an older life; that does not break the stream. */
  readonly #connected = new Map<ReplicaId, Member>();

  get(id: ReplicaId): Peer | undefined {
    return this.#byId.get(id);
  }

  values(): IterableIterator<Peer> {
    return this.#byId.values();
  }

  /** The peer in this very life; what was known of another life is dropped. */
  open(member: Member, nowMs: number): Peer {
    const known = this.#byId.get(member.id);
    if (known !== undefined && sameMember(known.member, member)) return known;
    const connected = this.#connected.get(member.id);
    const peer: Peer = {
      member,
      linkUp: connected !== undefined && sameMember(connected, member),
      lastHeardMs: nowMs,
      ackedHeartbeatMs: Number.NEGATIVE_INFINITY,
      heldUpTo: NO_ORDER,
      processedUpTo: NO_ORDER,
      announcedUpTo: NO_ORDER,
      registered: new Set(),
      sentAtMs: Number.NEGATIVE_INFINITY,
      learner: undefined,
      confirmed: false,
      enteredAt: NO_ORDER,
      address: undefined,
      leaving: false,
      resentBytes: 0,
      resentMs: Number.NEGATIVE_INFINITY,
      resentAt: NO_ORDER,
    };
    this.#byId.set(member.id, peer);
    return peer;
  }

  /** The stream to a peer, in this life of it, is up. */
  connect(member: Member, nowMs: number): Peer {
    this.#connected.set(member.id, member);
    const peer = this.open(member, nowMs);
    peer.linkUp = true;
    peer.resentBytes = 0;
    return peer;
  }

  disconnect(id: ReplicaId): Peer | undefined {
    this.#connected.delete(id);
    const peer = this.#byId.get(id);
    if (peer !== undefined) peer.linkUp = false;
    return peer;
  }

  /** This process stood still for so long: that its peers were not heard meanwhile says nothing about them. */
  excuse(ms: number): void {
    for (const peer of this.#byId.values()) peer.lastHeardMs += ms;
  }

  /** A new term begins: nobody has acknowledged anything in it. */
  startTerm(nowMs: number, from: OrderNum): void {
    for (const peer of this.#byId.values()) {
      peer.lastHeardMs = nowMs;
      peer.ackedHeartbeatMs = Number.NEGATIVE_INFINITY;
      peer.heldUpTo = NO_ORDER;
      peer.processedUpTo = NO_ORDER;
      peer.announcedUpTo = from;
      peer.registered.clear();
      peer.sentAtMs = Number.NEGATIVE_INFINITY;
      peer.learner = undefined;
    }
  }

  drop(id: ReplicaId): void {
    this.#byId.delete(id);
  }
}
