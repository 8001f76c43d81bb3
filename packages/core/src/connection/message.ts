/** The life of one message on a replica, from its first mention until nobody can ask for it ([0096]). */

import { assert } from '../model/assert.js';
import type { BodyDigest, CallId, ConnectionId, OrderNum, SeqNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { CallOrder, VoidOrder } from '../model/order-info.js';
import type { Outcome } from '../model/outcome.js';
import type { DigestBody } from '../model/ports.js';
import { outcomeCost, requestCost, type Usage } from './usage.js';

/**
 * The stage of a message in its life on this replica.
 *
 * `expected`: it was named, but its body is not here. `received`: its body is here. At the primary, `held`: it waits
 * for earlier messages of its stream; `queued`: it waits for the interceptors, or for open streams to end; `admitted`:
 * it waits for its turn in the scheduler; `voiding`: it will never be processed, and its void waits for a place in the
 * order. `ordered`: it has its place, though a backup may still lack its body. `waiting`: its step is over, but its
 * handler waits for nested replies or other calls. `processed`: its outcome is known. `settled`: nobody will ask for its outcome any
 * more.
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
 * Which stage may follow which. If the order of a message is cut, the message goes back to `received`. A checkpoint may
 * take a message straight to `processed`.
 */
const LEGAL: Readonly<Record<Stage, readonly Stage[]>> = {
  expected: ['received', 'ordered', 'processed'],
  received: ['held', 'queued', 'admitted', 'voiding', 'ordered', 'processed'],
  held: ['queued', 'admitted', 'voiding', 'ordered', 'processed'],
  queued: ['received', 'admitted', 'voiding', 'ordered'],
  admitted: ['voiding', 'ordered'],
  voiding: ['ordered'],
  ordered: ['received', 'waiting', 'processed'],
  waiting: ['processed'],
  processed: ['settled'],
  settled: [],
};

/** One message of a connection. */
export class Message {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  /** The message's place in the order, while the log has it. */
  order: CallOrder | VoidOrder | undefined;
  /** The order at which the handler ended, if it had waited. The reply leaves when that order is stable. */
  endedAt: OrderNum | undefined;
  /** The RPCs that wait for the outcome. */
  waiters: CallId[] | undefined;
  /** Whether the reply may leave only when stable, whatever the release mode. */
  awaitStable = false;
  /** Whether the session gave up the RPC: the reply goes to its link, even if an RPC still seems to wait. */
  byFrame = false;
  /** At the primary: its caller is gone or its deadline has passed, and its handler is told so once it waits. */
  givenUp = false;
  /** At the primary: its client's cancellation is held until it waits, or has ended. */
  cancelHeld = false;
  /** At the primary: it is ended so that the state can be copied. */
  ended = false;
  /** Whether the session sent a body that the order does not name. It is not asked for another one. */
  refused = false;
  #stage: Stage = 'expected';
  #request: Request | undefined;
  #digest: BodyDigest | undefined;
  #outcome: Outcome | undefined;
  /** What this message costs its connection now. */
  #cost = 0;
  #usage: Usage | undefined;

  constructor(connection: ConnectionId, seqNum: SeqNum, usage: Usage) {
    this.connection = connection;
    this.seqNum = seqNum;
    this.#usage = usage;
  }

  /** What it counts in; undefined once its connection forgot it. */
  get usage(): Usage | undefined {
    return this.#usage;
  }

  /** The body, kept until the log drops it and no handler waits. */
  get request(): Request | undefined {
    return this.#request;
  }

  set request(request: Request | undefined) {
    this.#request = request;
    this.#digest = undefined;
    this.#count();
  }

  /** The entry of the reply cache; undefined before it is processed and once it is settled. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  set outcome(outcome: Outcome | undefined) {
    this.#outcome = outcome;
    this.#count();
  }

  /** Its connection forgot the message. The log may still have it. */
  forgotten(): void {
    this.#usage?.add(-this.#cost);
    this.#usage = undefined;
  }

  /** A body costs its connection something until it is ordered: from then on the bounds of the log count it. */
  #count(): void {
    if (this.#usage === undefined) return;
    const body = this.#request !== undefined && this.isUnordered ? requestCost(this.#request) : 0;
    const cost = body + (this.#outcome === undefined ? 0 : outcomeCost(this.#outcome));
    if (cost === this.#cost) return;
    this.#usage.add(cost - this.#cost);
    this.#cost = cost;
  }

  /** The digest of the body; undefined while there is none. It is computed once for each body. */
  bodyDigest(digestBody: DigestBody): BodyDigest | undefined {
    if (this.#request !== undefined) this.#digest ??= digestBody(this.#request);
    return this.#digest;
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
    if (stage === 'received' || stage === 'ordered') this.#count();
  }

  /** Whether the body is here, but the message has no order and is not about to be voided. */
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

  /** Whether the message is on its way into the order. */
  get isQueued(): boolean {
    return this.#stage === 'queued' || this.#stage === 'admitted' || this.#stage === 'voiding';
  }

  /** Whether this message is ordered but its body is missing here. */
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
