/** What one instance of a service sees of clocks, randomness and timers outside of steps. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { callSite, currentStep, type RunningStep } from '@understudy/context';
import { HeldTimers } from './held-timers.js';

/** A source by which instances may come to differ. */
export type Source = 'clock' | 'random';

/** How many places where a source was used are remembered. */
const SITES_MAX = 3;
const BLOCK_BYTES = 32;

const storage = new AsyncLocalStorage<Environment | undefined>();

/** The surroundings of one instance. What its code does there, outside of steps, is the same for equal options. */
export class Environment {
  readonly timers = new HeldTimers((run) => this.run(run));
  /** What the instance's code sees outside of steps, in the form in which steps give it. */
  readonly values: RunningStep;
  readonly #sites: Readonly<Record<Source, Set<string>>> = { clock: new Set(), random: new Set() };
  readonly #seed: string;
  #block = Buffer.alloc(0);
  #blocks = 0;
  #timeMs: number;

  /**
   * @param timeMs the time when the clock is first read, in milliseconds since 1970
   * @param seed of everything random
   */
  constructor(timeMs: number, seed: string) {
    this.#timeMs = timeMs;
    this.#seed = seed;
    const readClock = (): number => this.#readClock();
    this.values = {
      get timeMs() {
        return readClock();
      },
      random: { fill: (bytes) => this.#fill(bytes), next: () => this.#next() },
      inGlobals: true,
    };
  }

  /** Runs code of the instance, with everything that it starts. */
  run<T>(run: () => T): T {
    return storage.run(this, run);
  }

  /** The next time: the clock moves on by a millisecond with each look, so that code that waits for it ends. */
  #readClock(): number {
    this.#used('clock');
    return this.#timeMs++;
  }

  advance(byMs: number): void {
    this.#timeMs += byMs;
  }

  #fill(bytes: Uint8Array): void {
    this.#used('random');
    for (let i = 0; i < bytes.length; i++) {
      if (this.#block.length === 0) {
        this.#block = createHash('sha256')
          .update(`${this.#seed} ${this.#blocks++}`)
          .digest();
      }
      bytes[i] = this.#block[0] as number;
      this.#block = this.#block.subarray(1);
    }
  }

  /** A number from 0 up to but not including 1. */
  #next(): number {
    const bytes = Buffer.alloc(BLOCK_BYTES / 4);
    this.#fill(bytes);
    return bytes.readUIntBE(0, 6) / 2 ** 48;
  }

  /** Where the instance has used a source outside of steps: `file:line`. */
  sites(source: Source): readonly string[] {
    return [...this.#sites[source]];
  }

  #used(source: Source): void {
    const sites = this.#sites[source];
    if (sites.size >= SITES_MAX) return;
    const site = callSite();
    if (site !== undefined) sites.add(site);
  }
}

/** Runs code that belongs to no instance. */
export const withoutSurroundings = <T>(run: () => T): T => storage.run(undefined, run);

/**
 * The surroundings of the running code; undefined for code of no instance, and inside a step, which gives it values.
 */
export function surroundings(): Environment | undefined {
  const environment = storage.getStore();
  return environment === undefined || currentStep()?.inGlobals === true ? undefined : environment;
}
