import type { Member } from '@understudy/core';
import type { PeerFrame, ReplicaEvent } from '@understudy/core/internal';
import { END } from '@understudy/core/testing';
import type { Act } from '../act.js';
import type { Choices } from '../draw/choices.js';
import type { Named } from '../trace/narrator.js';
import { type AnyFrame, type LinkEnd, type LinkWorld, TimedLink } from './timed-link.js';

/** A replica at either end. */
export interface PeerEnd extends LinkEnd {
  readonly index: number;
  readonly member: Member;
  readonly lives: number;
  /** The links on which it sends, by replica. */
  readonly peerLinks: (PeerLink | undefined)[];
  step(event: ReplicaEvent): void;
  trace(from: Named, frame: AnyFrame): void;
}

/** The link on which one replica sends to another. Only the sender needs to notice its end, and that is an act. */
export class PeerLink implements Act {
  readonly from: PeerEnd;
  readonly to: PeerEnd;
  readonly fromMember: Member;
  readonly toPeer: TimedLink<PeerFrame>;
  readonly #choices: Choices;
  readonly #toLife: number;
  broken = false;

  constructor(world: LinkWorld & { readonly choices: Choices }, from: PeerEnd, to: PeerEnd) {
    this.from = from;
    this.to = to;
    this.fromMember = from.member;
    this.#choices = world.choices;
    this.#toLife = to.lives;
    this.toPeer = new TimedLink(world, from, to, (frame) => this.#atReceiver(frame));
  }

  #atReceiver(frame: PeerFrame | typeof END): void {
    if (frame === END || this.to.lives !== this.#toLife) return;
    this.to.trace(this.from, frame);
    this.to.step({ kind: 'peerFrame', from: this.fromMember, frame });
  }

  send(frame: PeerFrame): void {
    if (!this.broken && this.to.lives === this.#toLife) this.toPeer.send(frame);
  }

  break(): void {
    if (this.broken) return;
    this.broken = true;
    this.toPeer.break(this.#choices.below(this.toPeer.length + 1));
  }

  /** The sender notices that the link is broken. */
  act(): void {
    this.from.peerLinks[this.to.index] = undefined;
    this.from.step({ kind: 'peerDown', peer: this.to.member.id });
  }
}
