import type { Connection } from '../connection/connection.js';
import { Fifo } from './fifo.js';
import { COUNTED_MAX, laneName, laneOf, type Scheduler, type Work } from './scheduler.js';

/** How many pieces of work of one connection the common queue holds. Its other pieces wait behind these. */
const ABREAST_MAX = 64;

/**
 * Reception order: first come, first served. A connection with very many calls does not make others wait for all of
 * them: only its first ones are in the common queue, and each one that leaves lets in the next.
 */
export class ReceptionScheduler implements Scheduler {
  readonly #common = new Fifo();
  readonly #lanes = new Map<string, Lane>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get load(): number {
    if (this.#size <= COUNTED_MAX) return this.#size;
    let load = 0;
    for (const { abreast, behind } of this.#lanes.values()) load += Math.min(COUNTED_MAX, abreast + behind.length);
    return load;
  }

  add(work: Work): void {
    const name = laneOf(work);
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { abreast: 0, behind: new Fifo() };
      this.#lanes.set(name, lane);
    }
    this.#size++;
    if (lane.abreast < ABREAST_MAX) {
      lane.abreast++;
      this.#common.add(work);
    } else lane.behind.add(work);
  }

  countOf(connection: Connection | undefined): number {
    const lane = this.#lanes.get(laneName(connection));
    return lane === undefined ? 0 : lane.abreast + lane.behind.length;
  }

  ahead(connection: Connection | undefined): number {
    const lane = this.#lanes.get(laneName(connection));
    return lane === undefined || lane.abreast < ABREAST_MAX ? this.#common.length : this.#size;
  }

  peek(): Work | undefined {
    return this.#common.peek();
  }

  next(): Work | undefined {
    const work = this.#common.next();
    if (work === undefined) return undefined;
    this.#size--;
    const name = laneOf(work);
    const lane = this.#lanes.get(name);
    if (lane === undefined) return work;
    const follows = lane.behind.next();
    if (follows !== undefined) this.#common.add(follows);
    else if (--lane.abreast === 0) this.#lanes.delete(name);
    return work;
  }

  drain(): Work[] {
    const all: Work[] = [];
    for (let work = this.next(); work !== undefined; work = this.next()) all.push(work);
    return all;
  }
}

interface Lane {
  /** How many of the connection's pieces of work are in the common queue. */
  abreast: number;
  readonly behind: Fifo;
}
