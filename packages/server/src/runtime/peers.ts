import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Logger, ReplicaId, UnderstudyError } from '@understudy/core';
import type { PeerFrame, ReplicaEffect } from '@understudy/core/internal';
import { encodePeerFrame, type PeerHello } from '@understudy/wire';
import type { EventLoop } from './event-loop.js';
import { messagesOf } from './frame-channel.js';
import { PeerLink } from './peer-link.js';

type Wanted = Extract<ReplicaEffect, { kind: 'connectPeers' }>['peers'];

export interface PeersOptions {
  readonly loop: EventLoop;
  readonly hello: PeerHello;
  readonly credentials: ChannelCredentials;
  readonly logger: Logger;
  /** The two replicas are set up so that they cannot work together. */
  readonly onMismatch: (peer: ReplicaId, error: UnderstudyError) => void;
}

/** The streams on which this replica sends to the others, in one of its lives. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #links = new Map<ReplicaId, PeerLink>();
  /** The same announcement often goes to several peers in a row. */
  #encoded: { readonly frame: PeerFrame; readonly messages: readonly Buffer[] } | undefined;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Keeps the streams to these, and no others. */
  connect(wanted: Wanted): void {
    const addresses = new Map(wanted.map(({ id, address }) => [id, address]));
    for (const [id, link] of this.#links) {
      if (addresses.get(id) === link.address) continue;
      this.#links.delete(id);
      link.close();
    }
    for (const [id, address] of addresses) if (!this.#links.has(id)) this.#dial(id, address);
  }

  addressOf(peer: ReplicaId | undefined): string | undefined {
    return peer === undefined ? undefined : this.#links.get(peer)?.address;
  }

  send(peer: ReplicaId, frame: PeerFrame): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    if (this.#encoded?.frame !== frame) this.#encoded = { frame, messages: messagesOf(encodePeerFrame(frame)) };
    link.send(this.#encoded.messages);
  }

  closeAll(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  crash(): void {
    for (const link of this.#links.values()) link.crash();
    this.#links.clear();
  }

  #dial(id: ReplicaId, address: string): void {
    const { loop, hello, credentials, logger, onMismatch } = this.#options;
    this.#links.set(
      id,
      new PeerLink({
        id,
        address,
        hello,
        credentials,
        logger,
        onMismatch: (error) => onMismatch(id, error),
        onUp: (peer) => loop.dispatch({ kind: 'peerUp', peer }),
        onDown: (peer) => loop.dispatch({ kind: 'peerDown', peer }),
      }),
    );
  }
}
