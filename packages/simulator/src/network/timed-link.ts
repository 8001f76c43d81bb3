import type { PeerFrame, ReplyFrame, SessionFrame } from '@understudy/core/internal';
import { type END, VirtualLink } from '@understudy/core/testing';
import type { Act } from '../act.js';

/** A frame of any kind. */
export type AnyFrame = PeerFrame | SessionFrame | ReplyFrame;

/** A process at one end of a link. */
export interface LinkEnd {
  readonly name: string;
  /** It takes steps: it lives and is not paused. */
  readonly runs: boolean;
}

/** The time, and the cuts between processes. */
export interface LinkWorld {
  readonly nowMs: number;
  readonly network: { isCut(from: LinkEnd, to: LinkEnd): boolean };
}

/**
 * One direction of a link whose frames take time. Each frame arrives as an act of its own, whenever that act is drawn.
 */
export class TimedLink<Frame> extends VirtualLink<Frame> implements Act {
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  /** Until this time nothing arrives. */
  heldUntilMs = 0;
  readonly #world: LinkWorld;
  readonly #arrive: (frame: Frame | typeof END) => void;
  readonly #isRead: () => boolean;

  /**
   * @param arrive takes the next frame, or the end
   * @param isRead false while the receiver does not read this link
   */
  constructor(
    world: LinkWorld,
    from: LinkEnd,
    to: LinkEnd,
    arrive: (frame: Frame | typeof END) => void,
    isRead: () => boolean = () => true,
  ) {
    super();
    this.#world = world;
    this.from = from;
    this.to = to;
    this.#arrive = arrive;
    this.#isRead = isRead;
  }

  get ready(): boolean {
    return (
      this.length > 0 &&
      this.to.runs &&
      this.#world.nowMs >= this.heldUntilMs &&
      !this.#world.network.isCut(this.from, this.to) &&
      this.#isRead()
    );
  }

  act(): void {
    const frame = this.take();
    if (frame !== undefined) this.#arrive(frame);
  }
}
