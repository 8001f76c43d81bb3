/** Sequence order: each connection's calls in the order of their seqNums ([0042]). */

import type { Connection } from '../connection/connection.js';
import { maxOf, NO_SEQ, next, type SeqNum } from '../model/ids.js';
import { COUNTED_MAX, laneOf, type Scheduler, type Work } from './scheduler.js';

interface Sequence {
  readonly works: Work[];
  /** The highest seqNum that has come. What has none of its own keeps its place behind it. */
  highest: SeqNum;
}

/**
 * A call waits for all earlier calls of its connection that came, even for those that interceptors still hold. Among
 * connections the first to come is the first to be served.
 */
export class SequenceScheduler implements Scheduler {
  /** In the order in which the first waiting work of each came. */
  readonly #sequences = new Map<string, Sequence>();
  /** No call of the connection up to this seqNum is with the interceptors. */
  readonly #clearUpTo = new WeakMap<Connection, SeqNum>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get load(): number {
    if (this.#size <= COUNTED_MAX) return this.#size;
    let load = 0;
    for (const { works } of this.#sequences.values()) load += Math.min(COUNTED_MAX, works.length);
    return load;
  }

  add(work: Work): void {
    this.#size++;
    const name = laneOf(work);
    let sequence = this.#sequences.get(name);
    if (sequence === undefined) {
      sequence = { works: [], highest: NO_SEQ };
      this.#sequences.set(name, sequence);
    }
    const seqNum = seqNumOf(work) ?? sequence.highest;
    if (seqNum > sequence.highest) sequence.highest = seqNum;
    let at = sequence.works.length;
    // Nearly all come in sequence, so the place is at the end.
    while (at > 0 && (seqNumOf(sequence.works[at - 1] as Work) ?? 0) > seqNum) at--;
    sequence.works.splice(at, 0, work);
  }

  peek(): Work | undefined {
    return this.#first()?.works[0];
  }

  next(): Work | undefined {
    const sequence = this.#first();
    const work = sequence?.works.shift();
    if (sequence === undefined || work === undefined) return undefined;
    this.#size--;
    // The sequence goes behind all others that have work.
    const name = laneOf(work);
    this.#sequences.delete(name);
    if (sequence.works.length > 0) this.#sequences.set(name, sequence);
    return work;
  }

  drain(): Work[] {
    const all = [...this.#sequences.values()].flatMap(({ works }) => works);
    this.#sequences.clear();
    this.#size = 0;
    return all;
  }

  #first(): Sequence | undefined {
    for (const sequence of this.#sequences.values()) {
      const [work] = sequence.works;
      if (work !== undefined && this.#isNext(work)) return sequence;
    }
    return undefined;
  }

  /** Whether no earlier call of the connection waits elsewhere or is missing. */
  #isNext(work: Work): boolean {
    if (work.kind !== 'call') return true;
    const { connection, message } = work;
    const clear = maxOf(this.#clearUpTo.get(connection) ?? NO_SEQ, connection.repliesSeenUpTo);
    let earlier = next(clear);
    while (earlier < message.seqNum && !isHeld(connection, earlier)) earlier = next(earlier);
    this.#clearUpTo.set(connection, maxOf(clear, (earlier - 1) as SeqNum));
    return earlier >= message.seqNum;
  }
}

const seqNumOf = (work: Work): SeqNum | undefined =>
  work.kind === 'call' || work.kind === 'void' ? work.message.seqNum : undefined;

/**
 * Whether a call that came is with the interceptors. One that did not come is not waited for: its client may have
 * cancelled it.
 */
const isHeld = ({ messages }: Connection, seqNum: SeqNum): boolean => messages.get(seqNum)?.stage === 'queued';
