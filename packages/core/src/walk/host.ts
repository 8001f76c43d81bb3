import type { PeerFrame, ReplyFrame, SessionFrame } from '../frames.js';
import { describeFrame } from '../testing/describe.js';
import type { Walk } from './walk.js';

/** Clocks of any two processes differ in rate by less than 5 %. */
const SLOWEST = 0.977;
const FASTEST = 1.023;

/** A process: it has a clock of its own, and may be paused. */
export abstract class Host {
  readonly walk: Walk;
  readonly name: string;
  readonly index: number;
  /** It takes no step before. */
  pausedUntilMs = 0;
  readonly #rate: number;
  readonly #offsetMs: number;

  constructor(walk: Walk, name: string, index: number) {
    this.walk = walk;
    this.name = name;
    this.index = index;
    this.#rate = walk.random.between(SLOWEST, FASTEST);
    this.#offsetMs = walk.random.below(10_000);
  }

  get clockMs(): number {
    return this.#offsetMs + this.#rate * this.walk.nowMs;
  }

  abstract get alive(): boolean;

  get runs(): boolean {
    return this.alive && this.walk.nowMs >= this.pausedUntilMs;
  }

  /** It does not read its streams from there at present. */
  abstract readsNothing(from: Host): boolean;

  trace(from: Host, frame: PeerFrame | SessionFrame | ReplyFrame): void {
    if (!this.walk.tracing) return;
    const line = describeFrame(frame);
    if (line !== undefined) this.walk.print(`${from.name}>${this.name}  ${line}`);
  }
}
