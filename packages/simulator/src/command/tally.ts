/** Sums the results of many runs. */
import type { RunResult } from '../run.js';

/** How many violations are kept. Further ones are only counted. */
export const LISTED_MAX = 20;

/** A seed without a result, because its worker died or its run did not end. */
export interface Failure {
  readonly seed: bigint;
  readonly reason: string;
}

export type Endings = Record<RunResult['ending'], number>;

/** Sums over runs. Its size does not grow with their number. */
export class Tally {
  readonly #from: bigint;
  runs = 0;
  steps = 0;
  operations = 0;
  virtualMs = 0;
  /** How many checks for linearizability gave up because they took too long. */
  undecided = 0;
  violated = 0;
  failed = 0;
  readonly byMode = new Map<string, Endings>();
  /** The violations of the lowest seeds, whichever worker was faster. */
  readonly violations: Failure[] = [];
  readonly failures: Failure[] = [];

  /** @param from first seed of all runs */
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

  /** Compares seeds by their distance from the first one, because 0 follows the largest seed. */
  #offset({ seed }: Failure): bigint {
    return BigInt.asUintN(64, seed - this.#from);
  }
}
