/** Full load by unary calls. */
import type { Asked } from '../ipc/commands.js';
import type { CounterClient } from '../service/proto.js';
import { Lane } from './lane.js';
import type { Tally } from './tally.js';

/** A closed loop: keeps a number of calls in flight, and makes another whenever one is answered. */
export class Load {
  readonly #client: CounterClient;
  readonly #tally: Tally;
  #left = 0;
  #running = 0;
  #onIdle: (() => void)[] = [];
  #started = 0;

  constructor(client: CounterClient, tally: Tally) {
    this.#client = client;
    this.#tally = tally;
  }

  /**
   * @param calls how many calls to make in all; without it, calls go on until `stop`
   * @param asked default: nothing but to add
   */
  start(inFlight: number, calls = Number.POSITIVE_INFINITY, asked: Asked = {}): void {
    this.#left = calls;
    const next = (): boolean => {
      if (this.#left <= 0) return false;
      this.#left -= 1;
      this.#started += 1;
      return true;
    };
    const lane = (): Lane => new Lane(this.#client, this.#tally, next, this.#laneIdle, asked);
    const lanes = Array.from({ length: inFlight }, lane);
    this.#running += inFlight;
    for (const lane of lanes) lane.send();
  }

  /**
   * Makes no more calls, and waits for the open ones.
   *
   * @returns how many calls were made in all
   */
  async stop(): Promise<number> {
    this.#left = 0;
    await this.idle();
    return this.#started;
  }

  /** Waits until all calls were made and answered. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  readonly #laneIdle = (): void => {
    this.#running -= 1;
    if (this.#running > 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  };
}
