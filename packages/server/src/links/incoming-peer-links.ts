/** The links on which other replicas send to this one. */
import type { Logger, ReplicaId } from '@understudy/core';
import { frameMethod, LINK_PATH, sentenceOf } from '@understudy/grpc-common';
import { decodePeerFrame, decodePeerHello, encodePeerHello, type PeerHello } from '@understudy/wire';
import type { EventLoop } from '../loop/event-loop.js';
import { type AcceptedLink, mayReplicate, refuseLink } from './accepted-link.js';
import { FrameChannel } from './frame-channel.js';
import { mismatch } from './peer-hello.js';

/** understudy.v1.Replication: the dialling replica sends frames; the dialled one answers with its hello and listens. */
export const replicationService = { link: frameMethod(LINK_PATH) } as const;

/** This replica sends nothing but its hello on these links. */
const QUEUED_MAX_BYTES = 64 * 1024;
/** How many links may be open that have sent no hello yet. */
const NAMELESS_MAX = 64;

/** Accepts the links on which other replicas send to this one, in one of its lives. */
export class IncomingPeerLinks {
  readonly #loop: EventLoop;
  readonly #hello: PeerHello;
  readonly #logger: Logger;
  readonly #nameless = new Set<AcceptedLink>();
  /** The newest link of each replica. A replica that dials again has given up its older link. */
  readonly #links = new Map<ReplicaId, { link: AcceptedLink; channel: FrameChannel }>();

  constructor(loop: EventLoop, hello: PeerHello, logger: Logger) {
    this.#loop = loop;
    this.#hello = hello;
    this.#logger = logger;
  }

  accept(link: AcceptedLink): void {
    if (!mayReplicate(link)) {
      refuseLink(
        link,
        'UNDERSTUDY_SETUP',
        'a replica must show a certificate that this one accepts; give it peerCredentials with one',
      );
      return;
    }
    if (this.#nameless.size >= NAMELESS_MAX) {
      refuseLink(
        link,
        'UNDERSTUDY_OVERLOADED',
        `${NAMELESS_MAX} links are open whose replicas have not said who they are`,
      );
      return;
    }
    this.#nameless.add(link);
    let theirs: PeerHello | undefined;
    const channel = new FrameChannel({
      link,
      queuedMaxBytes: QUEUED_MAX_BYTES,
      onFrame: (bytes) => {
        if (theirs !== undefined) {
          this.#loop.dispatch({ kind: 'peerFrame', from: theirs.member, frame: decodePeerFrame(bytes) });
          return;
        }
        theirs = decodePeerHello(bytes);
        this.#onHello(link, channel, theirs);
      },
      onMalformed: (error) => {
        this.#logger.log('warn', 'a peer sent a malformed frame', { peer: link.getPeer(), reason: error.message });
        this.#forget(link, channel);
        refuseLink(link, 'UNDERSTUDY_MALFORMED', sentenceOf(error));
      },
      onOverflow: () => {},
    });
    link.on('error', () => {});
    link.on('cancelled', () => this.#forget(link, channel));
    link.on('end', () => {
      this.#forget(link, channel);
      link.end();
    });
  }

  closeAll(): void {
    for (const { link, channel } of this.#links.values()) {
      channel.close();
      link.end();
    }
    for (const link of this.#nameless) link.end();
    this.#links.clear();
    this.#nameless.clear();
  }

  #onHello(link: AcceptedLink, channel: FrameChannel, theirs: PeerHello): void {
    this.#nameless.delete(link);
    const problem = mismatch(this.#hello, theirs);
    if (problem !== undefined) {
      this.#logger.log('error', 'UNDERSTUDY_SETUP', {
        peer: theirs.member.id,
        address: theirs.address,
        reason: problem,
      });
      channel.close();
      refuseLink(link, 'UNDERSTUDY_SETUP', problem);
      return;
    }
    const older = this.#links.get(theirs.member.id);
    this.#links.set(theirs.member.id, { link, channel });
    older?.channel.close();
    older?.link.end();
    channel.send(encodePeerHello(this.#hello));
  }

  #forget(link: AcceptedLink, channel: FrameChannel): void {
    channel.close();
    this.#nameless.delete(link);
    for (const [id, known] of this.#links) if (known.link === link) this.#links.delete(id);
  }
}
