/** Sequence order: each connection's calls in the order of their seqNums ([0042]). */

import type { Connection } from '../connection/connection.js';
import { maxOf, NO_SEQ, next, type SeqNum } from '../model/ids.js';
import { isSingle } from './chains.js';
import { COUNTED_MAX, laneName, laneOf, type Scheduler, type Work } from './scheduler.js';

interface Numbered {
  readonly work: Work;
  readonly number: SeqNum;
}

interface Sequence {
  /** By ascending number. */
  readonly works: Numbered[];
  /** The highest number that has come. */
  highest: SeqNum;
}

/**
 * Each call waits for all earlier calls of its connection that came, even for those that interceptors still hold. Among
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

  countOf(connection: Connection | undefined): number {
    return this.#sequences.get(laneName(connection))?.works.length ?? 0;
  }

  add(work: Work): void {
    this.#size++;
    const name = laneOf(work);
    let sequence = this.#sequences.get(name);
    if (sequence === undefined) {
      sequence = { works: [], highest: NO_SEQ };
      this.#sequences.set(name, sequence);
    }
    // Work of a stream, or without a number, keeps its place behind the work that came before it.
    const number = work.kind === 'call' && isSingle(work) ? seqNumOf(work) : maxOf(sequence.highest, seqNumOf(work));
    sequence.highest = maxOf(sequence.highest, number);
    let at = sequence.works.length;
    // Nearly all calls come in sequence, so the place is usually at the end.
    while (at > 0 && (sequence.works[at - 1]?.number ?? NO_SEQ) > number) at--;
    sequence.works.splice(at, 0, { work, number });
  }

  peek(): Work | undefined {
    return this.#first()?.works[0]?.work;
  }

  next(): Work | undefined {
    const sequence = this.#first();
    const work = sequence?.works.shift()?.work;
    if (sequence === undefined || work === undefined) return undefined;
    this.#size--;
    // The sequence goes behind all others that have work.
    const name = laneOf(work);
    this.#sequences.delete(name);
    if (sequence.works.length > 0) this.#sequences.set(name, sequence);
    return work;
  }

  drain(): Work[] {
    const all = [...this.#sequences.values()].flatMap(({ works }) => works.map(({ work }) => work));
    this.#sequences.clear();
    this.#size = 0;
    return all;
  }

  #first(): Sequence | undefined {
    for (const sequence of this.#sequences.values()) {
      const [first] = sequence.works;
      if (first !== undefined && this.#isNext(first.work)) return sequence;
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

const seqNumOf = (work: Work): SeqNum => (work.kind === 'call' || work.kind === 'void' ? work.message.seqNum : NO_SEQ);

/**
 * Whether interceptors hold a unary call that came. A call that did not come is not waited for, because its client may
 * have cancelled it. Neither is the opening of a stream, because it may wait until open streams have ended, and those
 * may wait for other calls.
 */
function isHeld({ messages }: Connection, seqNum: SeqNum): boolean {
  const message = messages.get(seqNum);
  return message?.stage === 'queued' && message.request?.stream === undefined;
}
