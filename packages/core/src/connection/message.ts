import { assert } from '../model/assert.js';
import type { CallId, ConnectionId, OrderNum, SeqNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { CallOrder, VoidOrder } from '../model/order-info.js';
import type { Outcome } from '../model/outcome.js';

/**
 * Where a message is in its life on this replica.
 *
 * `expected`: somebody named it, and its body is not here. `received`: its body is here. At the primary, `held`: it waits
 * for messages of its stream that precede it; `queued`: it waits for the interceptors, or for open streams to end;
 * `admitted`: it waits for its turn in the scheduler; `voiding`: it will never be processed, and waits to take its place
 * in the order as that. `ordered`: it has its place, though a backup may still lack its body. `waiting`: its step is
 * over, and its handler waits for replies to calls that it made. `processed`: its outcome is known. `settled`: nobody
 * will ask for its outcome any more.
 */
export type Stage =
  | 'expected'
  | 'received'
  | 'held'
  | 'queued'
  | 'admitted'
  | 'voiding'
  | 'ordered'
  | 'waiting'
  | 'processed'
  | 'settled';

/**
 * Which stage may follow which. An order that no promotion adopted takes its message back to `received`, and a checkpoint
 * takes a message from wherever it is to `processed`.
 */
const LEGAL: Readonly<Record<Stage, readonly Stage[]>> = {
  expected: ['received', 'ordered', 'processed'],
  received: ['held', 'queued', 'admitted', 'voiding', 'ordered', 'processed'],
  held: ['queued', 'admitted', 'voiding', 'ordered', 'processed'],
  queued: ['received', 'admitted', 'voiding', 'ordered'],
  admitted: ['ordered'],
  voiding: ['ordered'],
  ordered: ['received', 'waiting', 'processed'],
  waiting: ['processed'],
  processed: ['settled'],
  settled: [],
};

/** One message of a connection, from its first mention until nobody can ask for it ([0096]). */
export class Message {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  /** Its body, until the log drops it and no handler waits. */
  request: Request | undefined;
  /** Its place in the order, while the log has it. */
  order: CallOrder | VoidOrder | undefined;
  /** The reply cache's entry; undefined once it is settled. */
  outcome: Outcome | undefined;
  /** Where in the order its handler ended, if that had waited. The reply leaves when the order there is stable. */
  endedAt: OrderNum | undefined;
  /** RPCs that wait for its outcome. */
  waiters: CallId[] | undefined;
  /** Its reply may leave only when it is stable, whatever the release mode. */
  awaitStable = false;
  /** Its RPC was given up: the reply goes to the session's link, whether or not an RPC still seems to wait. */
  byFrame = false;
  #stage: Stage = 'expected';

  constructor(connection: ConnectionId, seqNum: SeqNum) {
    this.connection = connection;
    this.seqNum = seqNum;
  }

  get stage(): Stage {
    return this.#stage;
  }

  become(stage: Stage): void {
    assert(
      LEGAL[this.#stage].includes(stage),
      () => `message ${this.seqNum} of ${this.connection} goes from ${this.#stage} to ${stage}`,
    );
    this.#stage = stage;
  }

  /** Its body is here, it has no order, and it is not about to be voided. */
  get isUnordered(): boolean {
    switch (this.#stage) {
      case 'received':
      case 'held':
      case 'queued':
      case 'admitted':
        return true;
      default:
        return false;
    }
  }

  /** It is on its way into the order. */
  get isQueued(): boolean {
    return this.#stage === 'queued' || this.#stage === 'admitted' || this.#stage === 'voiding';
  }

  /** A backup lacks the body of this ordered message. */
  get lacksBody(): boolean {
    return this.order?.kind === 'call' && this.request === undefined;
  }

  takeWaiters(): readonly CallId[] | undefined {
    const { waiters } = this;
    this.waiters = undefined;
    return waiters;
  }

  addWaiter(call: CallId): void {
    if (this.waiters === undefined) this.waiters = [call];
    else this.waiters.push(call);
  }
}
