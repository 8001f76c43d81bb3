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
  add(work: Work): void;
  /** The work that `next` would return. */
  peek(): Work | undefined;
  next(): Work | undefined;
}

/** Reception order: first come, first served. */
export class ReceptionScheduler implements Scheduler {
  #queue: (Work | undefined)[] = [];
  #head = 0;

  get size(): number {
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
