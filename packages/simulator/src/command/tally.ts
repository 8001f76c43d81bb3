import type { RunResult } from '../run.js';

/** More violations than this are counted only. */
export const LISTED_MAX = 20;

/** A seed without a result: its worker died, or its run did not end. */
export interface Failure {
  readonly seed: bigint;
  readonly reason: string;
}

export type Endings = Record<RunResult['ending'], number>;

/** Sums over any number of runs; its size does not grow with them. */
export class Tally {
  readonly #from: bigint;
  runs = 0;
  steps = 0;
  operations = 0;
  virtualMs = 0;
  /** Checks for linearizability that would have taken too long. */
  undecided = 0;
  violated = 0;
  failed = 0;
  readonly byMode = new Map<string, Endings>();
  /** The first by seed, whichever worker was faster. */
  readonly violations: Failure[] = [];
  readonly failures: Failure[] = [];

  /** @param from the first seed */
  constructor(from: bigint) {
    this.#from = from;
  }

  add({ seed, mode, ending, steps, operations, virtualMs, undecided, reason }: RunResult): void {
    this.runs++;
    this.steps += steps;
    this.operations += operations;
    this.virtualMs += virtualMs;
    this.undecided += undecided;
    const endings = this.byMode.get(mode) ?? { whole: 0, blocked: 0, unavailable: 0, violated: 0 };
    endings[ending]++;
    this.byMode.set(mode, endings);
    if (ending !== 'violated') return;
    this.violated++;
    this.#list(this.violations, { seed, reason: reason ?? 'no reason was given' });
  }

  fail(failure: Failure): void {
    this.failed++;
    this.#list(this.failures, failure);
  }

  #list(list: Failure[], failure: Failure): void {
    list.push(failure);
    list.sort((a, b) => (this.#offset(a) < this.#offset(b) ? -1 : 1));
    list.length = Math.min(list.length, LISTED_MAX);
  }

  /** Seeds begin again at 0 after the largest. */
  #offset({ seed }: Failure): bigint {
    return BigInt.asUintN(64, seed - this.#from);
  }
}
