/** Keeps a session from dialling members that have left the group. */
import type { ReplyFrame } from '@understudy/core/internal';
import type { ReplicaLink } from './replica-link.js';

type View = Extract<ReplyFrame, { kind: 'welcome' }>['view'];

/**
 * Decides which learned addresses a client dials. A client learns addresses from the group's views, and a member that
 * left may be gone for good, so its address is no longer dialled once a view lacks it. If no replica is reached at all,
 * every address is tried again.
 */
export class FormerMembers {
  readonly #links: readonly ReplicaLink[];
  readonly #isFormer: (slot: number, members: readonly string[]) => boolean;
  #view: View | undefined;

  /**
   * @param links by their slots; they may change
   * @param isFormer whether a slot has an address that was learned, and that none of these members has
   */
  constructor(links: readonly ReplicaLink[], isFormer: (slot: number, members: readonly string[]) => boolean) {
    this.#links = links;
    this.#isFormer = isFormer;
  }

  /** A frame arrived, which may name the group's members. */
  heard(frame: ReplyFrame): void {
    const view = frame.kind === 'replies' ? frame.header.view : 'view' in frame ? frame.view : undefined;
    if (view === undefined || view.epoch < (this.#view?.epoch ?? 0)) return;
    this.#view = view;
    this.look();
  }

  /** Rests links to former members, or wakes all links if none is up. Also called when a link breaks. */
  look(): void {
    const view = this.#view;
    if (view === undefined) return;
    const reached = this.#links.some(({ up }) => up);
    for (const link of this.#links) {
      if (!reached) link.wake();
      else if (!link.up && this.#isFormer(link.slot, view.addresses)) link.rest();
    }
  }
}
