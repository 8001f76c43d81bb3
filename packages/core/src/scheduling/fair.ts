/** Fair order: connections take turns (deficit round robin; Shreedhar and Varghese, SIGCOMM '95). */

import type { Connection } from '../connection/connection.js';
import { Fifo } from './fifo.js';
import {
  COUNTED_MAX,
  isSheddable,
  laneName,
  laneOf,
  type Scheduler,
  type WaitingCall,
  type Work,
} from './scheduler.js';

interface Turn {
  readonly name: string;
  readonly weight: number;
  readonly works: Fifo;
  /** How many calls the connection may still have in this round. */
  credit: number;
}

/** @returns how many calls the connection may have in a round; more than 0 */
export type WeightOf = (work: Work) => number;

/**
 * Each connection with work gets as many calls in a round as it has weight, one by default, so that one with very many
 * calls delays another by one round at most. Within a connection the first to come is the first to be served.
 */
export class FairScheduler implements Scheduler {
  readonly #weightOf: WeightOf;
  readonly #turns = new Map<string, Turn>();
  /** The connections with work; the first is at its turn. */
  #round: Turn[] = [];
  /** Those whose calls may be refused at the bound of the queue. */
  readonly #sheddable = new Set<Turn>();
  #size = 0;

  constructor(weightOf: WeightOf = () => 1) {
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#size;
  }

  get load(): number {
    if (this.#size <= COUNTED_MAX) return this.#size;
    let load = 0;
    for (const { works } of this.#turns.values()) load += Math.min(COUNTED_MAX, works.length);
    return load;
  }

  countOf(connection: Connection | undefined): number {
    return this.#turns.get(laneName(connection))?.works.length ?? 0;
  }

  add(work: Work): void {
    this.#size++;
    const name = laneOf(work);
    let turn = this.#turns.get(name);
    if (turn === undefined) {
      turn = { name, weight: this.#weightOf(work), works: new Fifo(), credit: 0 };
      this.#turns.set(name, turn);
      this.#round.push(turn);
    }
    turn.works.add(work);
    if (isSheddable(work)) this.#sheddable.add(turn);
  }

  peek(): Work | undefined {
    return this.#current()?.works.peek();
  }

  next(): Work | undefined {
    const turn = this.#current();
    const work = turn?.works.next();
    if (turn === undefined || work === undefined) return undefined;
    this.#size--;
    turn.credit--;
    if (turn.works.length === 0) {
      // What it did not use is lost: nobody saves up turns by being idle.
      this.#forget(turn);
      this.#round.shift();
    } else if (turn.credit < 1) this.#rotate();
    return work;
  }

  drain(): Work[] {
    const all: Work[] = [];
    for (let work = this.next(); work !== undefined; work = this.next()) all.push(work);
    return all;
  }

  outranks(work: WaitingCall): boolean {
    const worst = this.#worst();
    if (worst === undefined) return false;
    const own = this.#turns.get(laneOf(work));
    return roundsOf(worst) > (own === undefined ? 1 / this.#weightOf(work) : (own.works.length + 1) / own.weight);
  }

  shed(): WaitingCall | undefined {
    const worst = this.#worst();
    if (worst === undefined) return undefined;
    this.#size--;
    const work = worst.works.takeLast() as WaitingCall;
    if (worst.works.length === 0) {
      this.#forget(worst);
      this.#round = this.#round.filter((turn) => turn !== worst);
    }
    return work;
  }

  /** Of those whose calls may be refused, the one that needs most rounds for all of them. Its last call has the last turn. */
  #worst(): Turn | undefined {
    let worst: Turn | undefined;
    for (const turn of this.#sheddable) {
      const { last } = turn.works;
      if (last === undefined || !isSheddable(last)) continue;
      if (worst === undefined || roundsOf(turn) > roundsOf(worst)) worst = turn;
    }
    return worst;
  }

  #forget(turn: Turn): void {
    this.#turns.delete(turn.name);
    this.#sheddable.delete(turn);
  }

  /** The connection that has the next call. */
  #current(): Turn | undefined {
    for (;;) {
      const [turn] = this.#round;
      if (turn === undefined || turn.credit >= 1) return turn;
      turn.credit += turn.weight;
      if (turn.credit < 1) this.#rotate();
    }
  }

  #rotate(): void {
    const turn = this.#round.shift();
    if (turn !== undefined) this.#round.push(turn);
  }
}

const roundsOf = ({ works, weight }: Turn): number => works.length / weight;
