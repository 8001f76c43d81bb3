/** The links on which this replica sends to the others. */
import type { Logger, ReplicaId, UnderstudyError } from '@understudy/core';
import type { PeerFrame } from '@understudy/core/internal';
import { encodePeerFrame, type PeerHello, peerFramePieces } from '@understudy/wire';
import type { PeerTrust } from '../identity/peer-trust.js';
import type { LifeLiveness } from '../liveness/life-liveness.js';
import type { EffectOf, EventLoop } from '../loop/event-loop.js';
import { type PeerCredentials, PeerLink } from './peer-link.js';

type Wanted = EffectOf<'connectPeers'>['peers'];

export interface OutgoingPeerLinksOptions {
  readonly loop: EventLoop;
  readonly hello: PeerHello;
  readonly credentials: PeerCredentials;
  readonly trust: PeerTrust;
  /** Undefined: heartbeats are left to the main thread. */
  readonly liveness?: LifeLiveness | undefined;
  readonly logger: Logger;
  /** Called when two replicas are set up so that they cannot work together. */
  readonly onMismatch: (peer: ReplicaId, error: UnderstudyError) => void;
}

/** Keeps the links on which this replica sends to the others, in one of its lives. */
export class OutgoingPeerLinks {
  readonly #options: OutgoingPeerLinksOptions;
  readonly #links = new Map<ReplicaId, PeerLink>();
  /** The frame that was encoded last, because the same announcement often goes to several peers in a row. */
  #encoded: { readonly frame: PeerFrame; readonly bytes: Uint8Array } | undefined;

  constructor(options: OutgoingPeerLinksOptions) {
    this.#options = options;
  }

  /** Keeps links to the wanted peers and to no others. */
  connect(wanted: Wanted): void {
    const addresses = new Map(wanted.map(({ id, address }) => [id, address]));
    for (const [id, link] of this.#links) {
      if (addresses.get(id) === link.address) continue;
      this.#links.delete(id);
      this.#options.liveness?.hangUp(id);
      void link.close();
    }
    for (const [id, address] of addresses) if (!this.#links.has(id)) this.#dial(id, address);
  }

  isUp(peer: ReplicaId): boolean {
    return this.#links.get(peer)?.up === true;
  }

  send(peer: ReplicaId, frame: PeerFrame, bulk = false): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    if (!bulk) {
      if (this.#encoded?.frame !== frame) this.#encoded = { frame, bytes: encodePeerFrame(frame) };
      link.send(this.#encoded.bytes);
      return;
    }
    const sent = (): void => this.#options.loop.dispatch({ kind: 'peerSent', peer });
    link.send(peerFramePieces(frame), { lane: 'bulk', sent });
  }

  /** A peer is known to run: if the link to it waits for its next attempt, this makes the attempt now. */
  dialNow(peer: ReplicaId): void {
    this.#links.get(peer)?.dialNow();
  }

  /** Ends all links after what was sent on them. @returns resolves when that has left */
  async closeAll(): Promise<void> {
    const left = [...this.#links.values()].map((link) => link.close());
    this.#links.clear();
    await Promise.all(left);
  }

  crash(): void {
    for (const link of this.#links.values()) link.crash();
    this.#links.clear();
  }

  #dial(id: ReplicaId, address: string): void {
    const { loop, hello, credentials, trust, liveness, logger, onMismatch } = this.#options;
    this.#links.set(
      id,
      new PeerLink({
        id,
        address,
        hello,
        credentials,
        trust,
        logger,
        onMismatch: (error) => onMismatch(id, error),
        onUp: (peer, brings, door, linkKey) => {
          liveness?.linkUp(peer, door, linkKey);
          loop.dispatch({ kind: 'peerUp', peer, brings });
        },
        onDown: (peer) => {
          liveness?.linkDown(peer);
          loop.dispatch({ kind: 'peerDown', peer });
        },
      }),
    );
  }
}
