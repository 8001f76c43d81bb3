/** Keeps a session from dialling members that have left the group. */
import type { ReplyFrame } from '@understudy/core/internal';
import type { ReplicaLink } from './replica-link.js';

type View = Extract<ReplyFrame, { kind: 'welcome' }>['view'];

/** The addresses that a client knows, each by its slot. */
export interface KnownPlaces {
  /** Whether a slot has an address that was learned, and that none of these members has. */
  isFormer(slot: number, members: readonly string[]): boolean;
  /** Says whether nobody is to dial the address of a slot. */
  rest(slot: number, rests: boolean): void;
}

/**
 * Decides which learned addresses a client dials. A client learns addresses from the group's views, and a member that
 * left may be gone for good, so its address is no longer dialled once a view lacks it. If no replica is reached at all,
 * every address is tried again.
 */
export class FormerMembers {
  readonly #links: readonly ReplicaLink[];
  readonly #places: KnownPlaces;
  #view: View | undefined;

  /** @param links by their slots; they may change */
  constructor(links: readonly ReplicaLink[], places: KnownPlaces) {
    this.#links = links;
    this.#places = places;
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
      const rests = reached && !link.up && this.#places.isFormer(link.slot, view.addresses);
      if (rests) link.rest();
      else if (!reached) link.wake();
      // RPCs have connections of their own.
      if (rests || !reached) this.#places.rest(link.slot, rests);
    }
  }
}
