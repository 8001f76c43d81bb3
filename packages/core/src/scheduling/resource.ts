/** Order by availability of resources: the application says which calls may run now ([0042]). */

import type { Connection } from '../connection/connection.js';
import { isSingle } from './chains.js';
import { ReceptionScheduler } from './reception.js';
import type { Scheduler, WaitingCall, Work } from './scheduler.js';

/** How many calls that were not admitted are kept apart; the others wait behind them unasked. */
const ASKED_MAX = 1024;

/**
 * The first call that the application admits is next. A call that is not admitted lets others pass; the application is
 * asked about it again when a handler ends, or when it says so.
 */
export class ResourceScheduler implements Scheduler {
  readonly #admits: (call: WaitingCall) => boolean;
  readonly #arriving = new ReceptionScheduler();
  /** Calls that the application did not admit, in the order in which they came. */
  #refused: Work[] = [];
  /** How many of the refused calls were asked about since a handler ended or the application said so. */
  #asked = 0;
  #next: Work | undefined;

  constructor(admits: (call: WaitingCall) => boolean) {
    this.#admits = admits;
  }

  get size(): number {
    return this.#arriving.size + this.#refused.length + (this.#next === undefined ? 0 : 1);
  }

  get load(): number {
    return this.#arriving.load + this.#refused.length;
  }

  /** Without those that the application did not admit. */
  countOf(connection: Connection | undefined): number {
    return this.#arriving.countOf(connection);
  }

  add(work: Work): void {
    this.#arriving.add(work);
  }

  peek(): Work | undefined {
    this.#next ??= this.#find();
    return this.#next;
  }

  next(): Work | undefined {
    const work = this.peek();
    this.#next = undefined;
    return work;
  }

  drain(): Work[] {
    const all = [...(this.#next === undefined ? [] : [this.#next]), ...this.#refused, ...this.#arriving.drain()];
    this.#next = undefined;
    this.#refused = [];
    return all;
  }

  reconsider(): void {
    this.#asked = 0;
  }

  #find(): Work | undefined {
    while (this.#asked < this.#refused.length) {
      const work = this.#refused[this.#asked];
      if (work !== undefined && this.#mayRun(work)) {
        this.#refused.splice(this.#asked, 1);
        return work;
      }
      this.#asked++;
    }
    while (this.#refused.length < ASKED_MAX) {
      const work = this.#arriving.next();
      if (work === undefined || this.#mayRun(work)) return work;
      this.#refused.push(work);
      this.#asked = this.#refused.length;
    }
    return undefined;
  }

  /** Work of a stream keeps its sequence, so only unary calls and reads are asked about. */
  #mayRun(work: Work): boolean {
    return !isSingle(work) || this.#admits(work as WaitingCall);
  }
}
