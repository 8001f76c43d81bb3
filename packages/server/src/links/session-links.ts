/** The links of clients' sessions to this replica. */
import type { LinkId, ReplyFrame, SeqRequest, SessionFrame } from '@understudy/core/internal';
import { CONNECT_PATH, frameMethod, sentenceOf } from '@understudy/grpc-common';
import { decodeSessionFrame, encodeReplyFrame, replyFramePieces } from '@understudy/wire';
import { type CallerNames, identityOf } from '../intake/identity.js';
import type { EventLoop } from '../loop/event-loop.js';
import { type AcceptedLink, refuseLink, resetLink, widenWindow } from './accepted-link.js';
import { FrameChannel } from './frame-channel.js';
import { watchMessages } from './message-watch.js';
import { NamelessLinks } from './nameless-links.js';
import type { Refusals } from './refusals.js';
import { WaitingBytes } from './waiting-bytes.js';

/**
 * A client that leaves more than this unread, and reads nothing, is cut off. When it comes back it gets what it lacks.
 */
const QUEUED_MAX_BYTES = 8 * 1024 * 1024;

/** How many links may be open that have not said hello. After a failover all clients connect at once. */
const NAMELESS_MAX = 1024;

/** understudy.v1.Multicast: the multicast connection of [0020]. */
export const multicastService = { connect: frameMethod(CONNECT_PATH) } as const;

const isNested = ({ request }: SeqRequest): boolean => request.nested !== undefined;

let lastLink = 0;

interface SessionLink {
  readonly link: AcceptedLink;
  readonly channel: FrameChannel;
  /** Whether it has said hello. */
  named?: boolean;
}

/** Accepts the links of clients' sessions, in one life of a replica. */
export class SessionLinks {
  readonly #loop: EventLoop;
  readonly #callers: CallerNames;
  readonly #refusals: Refusals;
  readonly #links = new Map<LinkId, SessionLink>();
  readonly #nameless = new NamelessLinks(NAMELESS_MAX);
  readonly #waiting: WaitingBytes<LinkId>;
  #paused = false;

  /** @param waitingMaxBytes how many bytes may wait on all links together */
  constructor(loop: EventLoop, callers: CallerNames, refusals: Refusals, waitingMaxBytes: number) {
    this.#loop = loop;
    this.#callers = callers;
    this.#refusals = refusals;
    this.#waiting = new WaitingBytes(waitingMaxBytes);
  }

  accept(link: AcceptedLink): void {
    const id = ++lastLink as LinkId;
    const peer = link.getPeer();
    const identity = identityOf(link.getAuthContext());
    const channel = new FrameChannel({
      link,
      queuedMaxBytes: QUEUED_MAX_BYTES,
      stranger: true,
      onWaiting: (bytes) => this.#onWaiting(id, bytes),
      onFrame: (bytes) => {
        const frame = this.#owned(decodeSessionFrame(bytes), identity);
        if (frame.kind === 'hello') this.#named(id);
        this.#loop.dispatch({
          kind: 'sessionFrame',
          link: id,
          peer,
          ...(identity !== undefined && { identity }),
          frame,
        });
      },
      onRefused: (error) => {
        const isMalformed = error.code === 'UNDERSTUDY_MALFORMED';
        const what = isMalformed ? 'a client sent a malformed frame' : 'a link of a client was refused';
        this.#refusals.log('warn', what, { peer, reason: error.message });
        this.#forget(id);
        refuseLink(link, error.code, sentenceOf(error));
      },
      onSilent: () => {
        this.#refusals.log('warn', 'a client does not read its link', { peer, waitingBytes: QUEUED_MAX_BYTES });
        this.#forget(id);
        resetLink(link);
      },
    });
    this.#links.set(id, { link, channel });
    widenWindow(link);
    watchMessages(link, (reason) => {
      this.#refusals.log('warn', 'a client sent a malformed frame', { peer, reason });
      this.#forget(id);
      refuseLink(link, 'UNDERSTUDY_MALFORMED', reason);
    });
    this.#nameless.add(link, (reason) => {
      this.#refusals.log('warn', 'a link of a client was refused', { peer, reason });
      this.#forget(id);
      refuseLink(link, 'UNDERSTUDY_OVERLOADED', reason);
    });
    link.on('end', () => void this.close(id));
    link.on('cancelled', () => this.#forget(id));
    // A link that breaks is cancelled too, and that is handled above.
    link.on('error', () => {});
    if (this.#paused) link.pause();
  }

  #named(id: LinkId): void {
    const known = this.#links.get(id);
    if (known === undefined || known.named) return;
    known.named = true;
    this.#nameless.delete(known.link);
    known.channel.trust();
  }

  #onWaiting(id: LinkId, bytes: number): void {
    const over = this.#links.has(id) ? this.#waiting.set(id, bytes) : undefined;
    const known = over === undefined ? undefined : this.#links.get(over);
    if (over === undefined || known === undefined) return;
    const peer = known.link.getPeer();
    this.#refusals.log('warn', 'too many bytes wait on the links of clients', { peer, budget: 'budgets.totalBytes' });
    this.#forget(over);
    if (known.channel.isRead)
      refuseLink(known.link, 'UNDERSTUDY_OVERLOADED', 'budgets.totalBytes is used up by links; send smaller frames');
    else resetLink(known.link);
  }

  send(id: LinkId, frame: ReplyFrame, bulk = false): void {
    const channel = this.#links.get(id)?.channel;
    if (channel === undefined) return;
    if (!bulk) channel.send(encodeReplyFrame(frame));
    else
      channel.send(replyFramePieces(frame), {
        lane: 'bulk',
        sent: () => this.#loop.dispatch({ kind: 'sessionSent', link: id }),
      });
  }

  /** Ends a link after what was sent on it. @returns resolves when that has left */
  close(id: LinkId): Promise<void> {
    const known = this.#links.get(id);
    known?.channel.flush();
    this.#forget(id);
    known?.link.end();
    return known?.channel.passedOn() ?? Promise.resolve();
  }

  /** Pushes back: while paused, nothing is read from clients, which then cannot send more than gRPC's window. */
  pause(paused: boolean): void {
    this.#paused = paused;
    for (const { link } of this.#links.values()) {
      if (paused) link.pause();
      else link.resume();
    }
  }

  /** Ends all links after what was sent on them. @returns resolves when that has left */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#links.keys()].map((id) => this.close(id)));
  }

  /** The frame with the owners of the names that calling groups use in it. */
  #owned(frame: SessionFrame, identity: string | undefined): SessionFrame {
    if (frame.kind !== 'multicast' || !frame.requests.some(isNested)) return frame;
    const requests = frame.requests.map((each) => ({ ...each, request: this.#callers.owned(each.request, identity) }));
    return { ...frame, requests };
  }

  #forget(id: LinkId): void {
    const known = this.#links.get(id);
    if (known === undefined) return;
    this.#links.delete(id);
    this.#nameless.delete(known.link);
    known.channel.close();
    this.#waiting.set(id, 0);
    if (known.link.isPaused()) known.link.resume();
    this.#loop.dispatch({ kind: 'sessionDown', link: id });
  }
}
