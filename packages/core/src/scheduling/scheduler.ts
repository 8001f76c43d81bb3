/** Decides which of the waiting messages the primary orders next ([0042]). */

import type { Connection } from '../connection/connection.js';
import type { Message } from '../connection/message.js';
import type { CallId, ConnectionId, SeqNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { Determinants } from '../model/order-info.js';
import type { Outcome, Reply } from '../model/outcome.js';

/** A piece of work that waits at the primary for its turn. */
export type Work =
  | {
      readonly kind: 'call';
      readonly connection: Connection;
      readonly message: Message;
      readonly request: Request;
      readonly peer: string;
      readonly admission: number | undefined;
      readonly determinants: Determinants | undefined;
      /** When its caller's deadline will have passed, by the replica's monotonic clock. */
      readonly lateAtMs?: number;
    }
  | {
      readonly kind: 'void';
      readonly connection: Connection;
      readonly message: Message;
      readonly outcome: Outcome;
    }
  | {
      readonly kind: 'read';
      readonly connection: Connection | undefined;
      readonly readId: number;
      readonly call: CallId | undefined;
      readonly request: Request;
      readonly peer: string;
      readonly admission: number | undefined;
      readonly mustBeStable: boolean;
      readonly lateAtMs?: number;
    }
  | {
      readonly kind: 'cancel';
      readonly connection: Connection;
      readonly stream: SeqNum;
      /**
       * Present if the stream was ended with a status: the status for its client, and the item it follows. If `after`
       * is undefined, it follows the items sent until its turn.
       */
      readonly end?: { readonly status: Reply; readonly after: number | undefined };
    }
  | { readonly kind: 'expire'; readonly connection: ConnectionId };

/** A queue of work. Its implementations differ in the order in which they return it. */
export interface Scheduler {
  readonly size: number;
  /** How much work waits, counting no more than 4,096 pieces for each connection: no client of ours sends more at once. */
  readonly load: number;
  /** How much work has its turn before a new call of this connection. */
  ahead(connection: Connection | undefined): number;
  add(work: Work): void;
  /** The work that `next` would return. */
  peek(): Work | undefined;
  next(): Work | undefined;
}

/** How many pieces of work of one connection are in the common queue. Its others wait behind these. */
const ABREAST_MAX = 64;
/** No client of ours has more requests at once. Whoever sends more must not have all others paused. */
const COUNTED_MAX = 4096;

/**
 * Reception order: first come, first served. A connection with very many calls does not make others wait for all of
 * them: only its first ones are in the common queue, and each that leaves lets in the next.
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
}

interface Lane {
  /** How many of the connection's pieces of work are in the common queue. */
  abreast: number;
  readonly behind: Fifo;
}

const laneOf = ({ connection }: Work): string => (typeof connection === 'string' ? connection : laneName(connection));

const laneName = (connection: Connection | undefined): string => connection?.id ?? 'reads without a session';

/** A queue whose ends both cost constant time. */
class Fifo {
  #queue: (Work | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#queue.length - this.#head;
  }

  add(work: Work): void {
    this.#queue.push(work);
  }

  peek(): Work | undefined {
    return this.#queue[this.#head];
  }

  next(): Work | undefined {
    if (this.#head === this.#queue.length) return undefined;
    const work = this.#queue[this.#head];
    this.#queue[this.#head++] = undefined;
    if (this.#head === this.#queue.length || this.#head > 4096) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return work;
  }
}
