/**
 * Digests of the user's state (DESIGN 5.10, 7.7): all replicas that execute take one at the same orders, so that a value
 * which a handler stores but does not reply is noticed, too.
 */

import type { StateDigest } from '../../../model/digest.js';
import { NO_ORDER, type OrderNum } from '../../../model/ids.js';

/** How many digests of its own a backup keeps until it hears the primary's. */
const OWN_MAX = 16;

/** The known details of a difference, besides its place. */
export interface Difference {
  /** `state` if the states differ; absent if outcomes of handlers do. */
  readonly of?: 'state';
  /** The last order after which both digests were equal. */
  readonly agreedUpTo?: OrderNum;
  readonly method?: string | undefined;
  readonly digest?: string;
  readonly primaryDigest?: string;
  readonly stuckForMs?: number;
}

/** A backup's digests of the state and the primary's, under one primary after the other. */
export class StateDigests {
  /** The last order after which this replica's state was known to equal the primary's; 0 before the first. */
  equalUpTo: OrderNum = NO_ORDER;
  /** The last order after which this replica's state was known to differ; undefined if it equalled the primary's since. */
  differsAt: OrderNum | undefined;
  /** The newest difference. The backup restores the primary's state when its turn comes. */
  waiting: { readonly orderNum: OrderNum; readonly difference: Difference; readonly sinceMs: number } | undefined;
  /** The primary's newest digest, as long as this replica has none to compare it with. */
  #expected: StateDigest | undefined;
  #comparedUpTo: OrderNum = NO_ORDER;
  /** This replica's own digests; undefined for an order at which the state could not be copied. */
  readonly #own = new Map<OrderNum, string | undefined>();

  /** Another replica is primary, so the digest that its predecessor told no longer counts. */
  ofNewTerm(): this {
    /* rule digest-of-primary */ this.#expected = undefined;
    this.isEqual();
    return this;
  }

  /** Forgets every known difference. */
  isEqual(): void {
    this.waiting = undefined;
    this.differsAt = undefined;
  }

  /** The primary told its digest. One that is older than the last is ignored. */
  expect(digest: StateDigest): void {
    if (this.#expected === undefined || digest.orderNum > this.#expected.orderNum) this.#expected = digest;
  }

  keep(orderNum: OrderNum, value: string | undefined): void {
    this.#own.set(orderNum, value);
    const [oldest] = this.#own.keys();
    if (this.#own.size > OWN_MAX && oldest !== undefined) this.#own.delete(oldest);
  }

  /** Whether a digest is to be taken now that the orders up to this one are processed, because the primary told its own. */
  isExpectedAt(orderNum: OrderNum): boolean {
    return this.#expected?.orderNum === orderNum;
  }

  /** Whether this order needs no further digest, because there is one or it was compared. */
  has(orderNum: OrderNum): boolean {
    return this.#own.has(orderNum) || orderNum <= this.#comparedUpTo;
  }

  /**
   * @param processedUpTo the last order that this replica has processed
   * @param pending the orders after which its digests are being made
   * @returns both digests at one order, once this replica has both
   */
  take(
    processedUpTo: OrderNum,
    pending: ReadonlySet<OrderNum>,
  ): { readonly mine: string; readonly primarys: StateDigest } | undefined {
    const primarys = this.#expected;
    if (primarys === undefined || pending.has(primarys.orderNum)) return undefined;
    const { orderNum } = primarys;
    const mine = this.#own.get(orderNum);
    if (this.#own.has(orderNum) || processedUpTo > orderNum) this.#expected = undefined;
    if (mine === undefined) return undefined;
    this.#comparedUpTo = orderNum;
    for (const older of this.#own.keys()) if (older <= orderNum) this.#own.delete(older);
    return { mine, primarys };
  }
}
