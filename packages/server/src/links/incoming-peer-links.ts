import type { Logger, ReplicaId } from '@understudy/core';
import { frameMethod, LINK_PATH } from '@understudy/grpc-common';
import { decodePeerFrame, decodePeerHello, encodePeerHello, type PeerHello } from '@understudy/wire';
import type { EventLoop } from '../loop/event-loop.js';
import { type AcceptedLink, mayReplicate, refuseLink } from './accepted-link.js';
import { FrameChannel } from './frame-channel.js';
import { mismatch } from './peer-hello.js';

/** understudy.v1.Replication: the dialling replica sends, the dialled one answers with its hello and listens. */
export const replicationService = { link: frameMethod(LINK_PATH) } as const;

/** Only a hello is ever sent on these. */
const QUEUED_MAX_BYTES = 64 * 1024;
/** Streams that said no hello yet. */
const NAMELESS_MAX = 64;

/** The streams on which other replicas send to this one, in one of its lives. */
export class IncomingPeerLinks {
  readonly #loop: EventLoop;
  readonly #hello: PeerHello;
  readonly #logger: Logger;
  readonly #nameless = new Set<AcceptedLink>();
  /** The newest stream of each; a replica that dials again has given up the older. */
  readonly #streams = new Map<ReplicaId, { stream: AcceptedLink; channel: FrameChannel }>();

  constructor(loop: EventLoop, hello: PeerHello, logger: Logger) {
    this.#loop = loop;
    this.#hello = hello;
    this.#logger = logger;
  }

  accept(stream: AcceptedLink): void {
    if (!mayReplicate(stream)) {
      refuseLink(stream, 'UNDERSTUDY_SETUP', 'replicas must show a certificate; give them peerCredentials with one');
      return;
    }
    if (this.#nameless.size >= NAMELESS_MAX) {
      refuseLink(stream, 'UNDERSTUDY_OVERLOADED', `${NAMELESS_MAX} streams are open that did not say whose they are`);
      return;
    }
    this.#nameless.add(stream);
    let theirs: PeerHello | undefined;
    const channel = new FrameChannel({
      stream,
      queuedMaxBytes: QUEUED_MAX_BYTES,
      onFrame: (bytes) => {
        if (theirs !== undefined) {
          this.#loop.dispatch({ kind: 'peerFrame', from: theirs.member, frame: decodePeerFrame(bytes) });
          return;
        }
        theirs = decodePeerHello(bytes);
        this.#onHello(stream, channel, theirs);
      },
      onMalformed: (error) => {
        this.#logger.log('warn', 'a peer sent a malformed frame', { peer: stream.getPeer(), reason: error.message });
        this.#forget(stream, channel);
        refuseLink(stream, 'UNDERSTUDY_MALFORMED', error.message);
      },
      onOverflow: () => {},
    });
    stream.on('error', () => {});
    stream.on('cancelled', () => this.#forget(stream, channel));
    stream.on('end', () => {
      this.#forget(stream, channel);
      stream.end();
    });
  }

  closeAll(): void {
    for (const { stream, channel } of this.#streams.values()) {
      channel.close();
      stream.end();
    }
    for (const stream of this.#nameless) stream.end();
    this.#streams.clear();
    this.#nameless.clear();
  }

  #onHello(stream: AcceptedLink, channel: FrameChannel, theirs: PeerHello): void {
    this.#nameless.delete(stream);
    const problem = mismatch(this.#hello, theirs);
    if (problem !== undefined) {
      this.#logger.log('error', 'UNDERSTUDY_SETUP', {
        peer: theirs.member.id,
        address: theirs.address,
        reason: problem,
      });
      channel.close();
      refuseLink(stream, 'UNDERSTUDY_SETUP', problem);
      return;
    }
    const older = this.#streams.get(theirs.member.id);
    this.#streams.set(theirs.member.id, { stream, channel });
    older?.channel.close();
    older?.stream.end();
    channel.send(encodePeerHello(this.#hello));
  }

  #forget(stream: AcceptedLink, channel: FrameChannel): void {
    channel.close();
    this.#nameless.delete(stream);
    for (const [id, known] of this.#streams) if (known.stream === stream) this.#streams.delete(id);
  }
}
