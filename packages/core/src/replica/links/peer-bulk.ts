/** The large bodies that a primary sends one peer: one by one, as far as the link has room. */

import type { OrderNum } from '../../model/ids.js';
import { type Body, bodyBytes, LINK_WINDOW_BYTES } from '../../model/message.js';

/**
 * A body that the link has passed on is not sent again within this many milliseconds, because it is still on its way.
 */
const ON_ITS_WAY_MS = 500;

interface Large {
  readonly body: Body;
  /** The order that the body belongs to, if it is known. A peer that holds this order has the body. */
  readonly orderNum: OrderNum | undefined;
}

const nameOf = ({ connection, seqNum }: Body): string => `${connection}/${seqNum}`;

export class PeerBulk {
  readonly #waiting = new Map<string, Large>();
  /** The bodies that the link has not passed on yet, the oldest first. */
  readonly #onTheWay: Large[] = [];
  readonly #passedOn = new Map<string, { readonly orderNum: OrderNum | undefined; readonly sinceMs: number }>();
  #bytes = 0;

  /** Queues a body for the link, unless it waits there already or is on its way. */
  add(body: Body, orderNum: OrderNum | undefined, nowMs: number): void {
    const name = nameOf(body);
    if (this.#waiting.has(name)) return;
    const sinceMs = this.#passedOn.get(name)?.sinceMs ?? Number.NEGATIVE_INFINITY;
    if (nowMs - sinceMs < ON_ITS_WAY_MS) return;
    if (this.#onTheWay.some((large) => nameOf(large.body) === name)) return;
    this.#waiting.set(name, { body, orderNum });
  }

  /** @returns the body that leaves now; undefined if none waits, or the link has no room */
  take(heldUpTo: OrderNum): Body | undefined {
    for (const [name, large] of this.#waiting) {
      if (this.#bytes >= LINK_WINDOW_BYTES) return undefined;
      this.#waiting.delete(name);
      if (large.orderNum !== undefined && large.orderNum <= heldUpTo) continue;
      this.#onTheWay.push(large);
      this.#bytes += bodyBytes(large.body.request);
      return large.body;
    }
    return undefined;
  }

  /** The link has passed on the oldest body. */
  passedOn(heldUpTo: OrderNum, nowMs: number): void {
    const large = this.#onTheWay.shift();
    if (large === undefined) return;
    this.#bytes -= bodyBytes(large.body.request);
    for (const [name, { orderNum, sinceMs }] of this.#passedOn) {
      if ((orderNum !== undefined && orderNum <= heldUpTo) || nowMs - sinceMs >= ON_ITS_WAY_MS)
        this.#passedOn.delete(name);
    }
    this.#passedOn.set(nameOf(large.body), { orderNum: large.orderNum, sinceMs: nowMs });
  }

  /**
   * This replica is no longer primary, or is primary in a new term. The link stays, and still reports what it passes
   * on.
   */
  forgetWaiting(): void {
    this.#waiting.clear();
    this.#passedOn.clear();
  }

  /** The link is new. */
  clear(): void {
    this.forgetWaiting();
    this.#onTheWay.length = 0;
    this.#bytes = 0;
  }
}
