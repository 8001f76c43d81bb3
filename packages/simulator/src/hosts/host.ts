import type { PeerFrame, ReplyFrame, SessionFrame } from '@understudy/core/internal';
import { describeFrame } from '@understudy/core/testing';
import type { Simulation } from '../simulation.js';

/** A process: it has a clock of its own, may be paused, and may crash between any two of its effects. */
export abstract class Host {
  readonly simulation: Simulation;
  readonly name: string;
  readonly index: number;
  /** It takes no step before. */
  pausedUntilMs = 0;
  /** Effects that it still carries out before it crashes. */
  crashesAfter = Number.POSITIVE_INFINITY;
  readonly #rate: number;
  readonly #offsetMs: number;

  constructor(simulation: Simulation, name: string, index: number) {
    this.simulation = simulation;
    this.name = name;
    this.index = index;
    const { slowest, fastest } = simulation.plan.drift;
    this.#rate = simulation.choices.between(slowest, fastest);
    this.#offsetMs = simulation.choices.below(10_000);
  }

  get clockMs(): number {
    return this.#offsetMs + this.#rate * this.simulation.nowMs;
  }

  abstract get alive(): boolean;

  get runs(): boolean {
    return this.alive && this.simulation.nowMs >= this.pausedUntilMs;
  }

  /** It does not read its streams from there at present. */
  abstract readsNothing(from: Host): boolean;

  /** The process ends, whatever it was doing. */
  abstract crash(): void;

  /** Between two effects. @returns whether it crashed here */
  protected crashesHere(): boolean {
    this.simulation.boundaries++;
    if (this.crashesAfter === Number.POSITIVE_INFINITY || this.crashesAfter-- > 0) return false;
    this.crashesAfter = Number.POSITIVE_INFINITY;
    this.crash();
    return true;
  }

  note(text: string): void {
    this.simulation.note(this, text);
  }

  trace(from: Host, frame: PeerFrame | SessionFrame | ReplyFrame): void {
    if (!this.simulation.tracing) return;
    const text = describeFrame(frame);
    if (text !== undefined) this.simulation.message(from, this, text);
  }
}
