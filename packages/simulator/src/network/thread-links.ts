import type { Member } from '@understudy/core';
import { Cuts, type VirtualAnswer, type VirtualBeat, type VirtualThread } from '@understudy/core/testing';
import type { Act } from '../act.js';
import type { Named } from '../trace/narrator.js';

/** The most frames that may wait on a link; then its sender sends no more. */
const UNREAD_MAX = 4;

/** A replica as its liveness thread sees it. */
export interface ThreadEnd extends Named {
  readonly index: number;
  readonly member: Member;
  readonly lives: number;
  readonly clockMs: number;
  /** Its process takes steps, whatever its main thread does. */
  readonly threadRuns: boolean;
  readonly thread: VirtualThread | undefined;
  /** It acknowledged a heartbeat that the primary of this term sent then, by that one's clock. */
  readonly acknowledged: { note(term: number, sentAtMs: number): void };
}

interface ThreadLinksWorld {
  readonly servers: readonly ThreadEnd[];
  readonly network: { isCut(from: Named, to: Named): boolean };
}

type Frame = { readonly beat: VirtualBeat } | { readonly answer: VirtualAnswer };

/** One direction between two threads: frames keep their order, and each arrives as an act of its own. */
class ThreadLink implements Act {
  readonly #frames: Frame[] = [];
  readonly #from: ThreadEnd;
  readonly #to: ThreadEnd;
  #lives = '';
  readonly #onBeat: (answer: VirtualAnswer) => void;

  constructor(from: ThreadEnd, to: ThreadEnd, onBeat: (answer: VirtualAnswer) => void) {
    this.#from = from;
    this.#to = to;
    this.#onBeat = onBeat;
  }

  get waiting(): boolean {
    return this.#frames.length > 0 && this.#to.threadRuns;
  }

  get isBetween(): readonly [ThreadEnd, ThreadEnd] {
    return [this.#from, this.#to];
  }

  send(frame: Frame): void {
    const lives = `${this.#from.lives} ${this.#to.lives}`;
    if (lives !== this.#lives) this.#frames.length = 0;
    this.#lives = lives;
    if (this.#frames.length < UNREAD_MAX) this.#frames.push(frame);
  }

  act(): void {
    const frame = this.#frames.shift();
    const to = this.#to;
    if (frame === undefined || to.thread === undefined) return;
    if (this.#lives !== `${this.#from.lives} ${to.lives}`) return;
    if ('answer' in frame) {
      to.thread.answered(this.#from.member, frame.answer, to.clockMs);
      return;
    }
    const answer = to.thread.answer(frame.beat, to.clockMs);
    if (answer.acknowledged) to.acknowledged.note(answer.term, answer.sentAtMs);
    this.#onBeat(answer);
  }
}

/** The links between liveness threads. */
export class ThreadLinks {
  readonly cuts = new Cuts();
  readonly #world: ThreadLinksWorld;
  readonly #links = new Map<string, ThreadLink>();

  constructor(world: ThreadLinksWorld) {
    this.#world = world;
  }

  /** Time has passed: the threads of primaries send heartbeats. */
  beat(): void {
    const { servers } = this.#world;
    for (const from of servers) {
      const beat = from.threadRuns ? from.thread?.beat(from.clockMs) : undefined;
      if (beat === undefined) continue;
      for (const to of servers) if (to !== from && to.thread !== undefined) this.#link(from, to).send({ beat });
    }
  }

  /** Adds whatever may happen next here. */
  possible(acts: Act[]): void {
    for (const link of this.#links.values()) {
      const [from, to] = link.isBetween;
      if (link.waiting && !this.cuts.isCut(from.name, to.name) && !this.#world.network.isCut(from, to)) acts.push(link);
    }
  }

  #link(from: ThreadEnd, to: ThreadEnd): ThreadLink {
    const name = `${from.name}>${to.name}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      link = new ThreadLink(from, to, (answer) => this.#link(to, from).send({ answer }));
      this.#links.set(name, link);
    }
    return link;
  }
}
