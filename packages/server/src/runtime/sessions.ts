import type { Logger } from '@understudy/core';
import type { LinkId, ReplyFrame } from '@understudy/core/internal';
import { decodeSessionFrame, encodeReplyFrame } from '@understudy/wire';
import type { EventLoop } from './event-loop.js';
import { FrameChannel } from './frame-channel.js';
import { frameMethod, refuseStream, resetStream, type ServerStream } from './server-stream.js';

/** A client that leaves more than this unread is cut off; it comes back and is sent what it lacks. */
const QUEUED_MAX_BYTES = 8 * 1024 * 1024;

/** understudy.v1.Multicast: the multicast connection of [0020]. */
export const multicastService = { connect: frameMethod('/understudy.v1.Multicast/Connect') } as const;

let lastLink = 0;

interface Link {
  readonly stream: ServerStream;
  readonly channel: FrameChannel;
}

/** The streams of clients' sessions in one life of a replica. */
export class SessionStreams {
  readonly #loop: EventLoop;
  readonly #logger: Logger;
  readonly #links = new Map<LinkId, Link>();
  #paused = false;

  constructor(loop: EventLoop, logger: Logger) {
    this.#loop = loop;
    this.#logger = logger;
  }

  accept(stream: ServerStream): void {
    const link = ++lastLink as LinkId;
    const peer = stream.getPeer();
    const channel = new FrameChannel({
      stream,
      queuedMaxBytes: QUEUED_MAX_BYTES,
      onFrame: (bytes) => this.#loop.dispatch({ kind: 'sessionFrame', link, peer, frame: decodeSessionFrame(bytes) }),
      onMalformed: (error) => {
        this.#logger.log('warn', 'a client sent a malformed frame', { peer, reason: error.message });
        this.#forget(link);
        refuseStream(stream, 'UNDERSTUDY_MALFORMED', error.message);
      },
      onOverflow: () => {
        this.#logger.log('warn', 'a client does not read its stream', { peer, waitingBytes: QUEUED_MAX_BYTES });
        this.#forget(link);
        resetStream(stream);
      },
    });
    this.#links.set(link, { stream, channel });
    stream.on('end', () => this.close(link));
    stream.on('cancelled', () => this.#forget(link));
    // A broken stream is cancelled too.
    stream.on('error', () => {});
    if (this.#paused) stream.pause();
  }

  send(link: LinkId, frame: ReplyFrame): void {
    this.#links.get(link)?.channel.send(encodeReplyFrame(frame));
  }

  /** Ends a stream after what was sent on it. */
  close(link: LinkId): void {
    const stream = this.#links.get(link)?.stream;
    this.#forget(link);
    stream?.end();
  }

  /** Push back: nothing more is read from clients, which then may not send more than gRPC's window. */
  pause(paused: boolean): void {
    this.#paused = paused;
    for (const { stream } of this.#links.values()) {
      if (paused) stream.pause();
      else stream.resume();
    }
  }

  closeAll(): void {
    for (const link of [...this.#links.keys()]) this.close(link);
  }

  #forget(link: LinkId): void {
    const known = this.#links.get(link);
    if (known === undefined) return;
    this.#links.delete(link);
    known.channel.close();
    if (known.stream.isPaused()) known.stream.resume();
    this.#loop.dispatch({ kind: 'sessionDown', link });
  }
}
