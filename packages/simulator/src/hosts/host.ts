import type { PeerFrame, ReplyFrame, SessionFrame } from '@understudy/core';
import { describeFrame } from '@understudy/core/testing';
import type { Simulation } from '../simulation.js';

/** Clocks of any two processes differ in rate by less than 5 %. */
const SLOWEST = 0.977;
const FASTEST = 1.023;

/** A process: it has a clock of its own, and may be paused. */
export abstract class Host {
  readonly simulation: Simulation;
  readonly name: string;
  readonly index: number;
  /** It takes no step before. */
  pausedUntilMs = 0;
  readonly #rate: number;
  readonly #offsetMs: number;

  constructor(simulation: Simulation, name: string, index: number) {
    this.simulation = simulation;
    this.name = name;
    this.index = index;
    this.#rate = simulation.random.between(SLOWEST, FASTEST);
    this.#offsetMs = simulation.random.below(10_000);
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

  trace(from: Host, frame: PeerFrame | SessionFrame | ReplyFrame): void {
    if (!this.simulation.tracing) return;
    const line = describeFrame(frame);
    if (line !== undefined) this.simulation.print(`${from.name}>${this.name}  ${line}`);
  }
}
