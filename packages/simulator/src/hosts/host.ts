import type { PeerFrame, ReplyFrame, SessionFrame } from '@understudy/core/internal';
import { describeFrame } from '@understudy/core/testing';
import type { Choices } from '../draw/choices.js';
import type { Plan } from '../plan/plan.js';
import type { Named, Narrator } from '../trace/narrator.js';

/** The run, as far as every process in it uses it. */
export interface HostWorld extends Narrator {
  readonly nowMs: number;
  readonly choices: Choices;
  readonly plan: Pick<Plan, 'drift'>;
  /** The number of effects carried out so far, by all processes; a process may crash before or after each of them. */
  boundaries: number;
}

/** A process: it has a clock of its own, may be paused, and may crash between any two of its effects. */
export abstract class Host {
  readonly name: string;
  readonly index: number;
  /** Until this time it takes no step. */
  pausedUntilMs = 0;
  /** How many effects it still carries out before it crashes. */
  crashesAfter = Number.POSITIVE_INFINITY;
  readonly #world: HostWorld;
  readonly #rate: number;
  readonly #offsetMs: number;

  constructor(world: HostWorld, name: string, index: number) {
    this.#world = world;
    this.name = name;
    this.index = index;
    const { slowest, fastest } = world.plan.drift;
    this.#rate = world.choices.between(slowest, fastest);
    this.#offsetMs = world.choices.below(10_000);
  }

  get clockMs(): number {
    return this.#offsetMs + this.#rate * this.#world.nowMs;
  }

  abstract get alive(): boolean;

  get paused(): boolean {
    return this.#world.nowMs < this.pausedUntilMs;
  }

  get runs(): boolean {
    return this.alive && !this.paused;
  }

  /** The process ends, whatever it was doing. */
  abstract crash(): void;

  /**
   * Called between two effects.
   *
   * @returns whether the process crashed here
   */
  protected crashesHere(): boolean {
    this.#world.boundaries++;
    if (this.crashesAfter === Number.POSITIVE_INFINITY || this.crashesAfter-- > 0) return false;
    this.crashesAfter = Number.POSITIVE_INFINITY;
    this.crash();
    return true;
  }

  note(text: string): void {
    this.#world.note(this, text);
  }

  trace(from: Named, frame: PeerFrame | SessionFrame | ReplyFrame): void {
    if (!this.#world.tracing) return;
    const text = describeFrame(frame);
    if (text !== undefined) this.#world.message(from, this, text);
  }
}
