/**
 * Digests of the user's state (DESIGN 5.10, 7.7): all replicas that execute take one at the same orders, so that a value
 * which a handler stores but does not reply is noticed, too.
 */

import type { StateDigest } from '../../../model/digest.js';
import { NO_ORDER, type OrderNum } from '../../../model/ids.js';

/** So many digests of its own a backup keeps until it hears the primary's. */
const OWN_MAX = 16;

/** What is known of a difference, besides its place. */
export interface Difference {
  /** What differs, if not what a handler came to. */
  readonly of?: 'state';
  /** The last order after which both digests were equal. */
  readonly agreedUpTo?: OrderNum;
  readonly method?: string | undefined;
  readonly digest?: string;
  readonly primaryDigest?: string;
  readonly stuckForMs?: number;
}

/** What a backup knows of digests of the state, under one primary after the other. */
export class StateDigests {
  /** The last order after which this replica's state was known to equal the primary's; 0 before the first. */
  equalUpTo: OrderNum = NO_ORDER;
  /** The last order after which this replica's state was known to differ; undefined if it equalled the primary's since. */
  differsAt: OrderNum | undefined;
  /** The last difference, which is to be restored when it is this replica's turn. */
  waiting: { readonly orderNum: OrderNum; readonly difference: Difference; readonly sinceMs: number } | undefined;
  /** The primary's newest digest, as long as this replica has none to compare it with. */
  #expected: StateDigest | undefined;
  /** This replica's own; undefined where the state could not be copied. */
  #comparedUpTo: OrderNum = NO_ORDER;
  readonly #own = new Map<OrderNum, string | undefined>();

  /** Another replica is primary, and what its predecessor told is no measure any more. */
  ofNewTerm(): this {
    /* rule digest-of-primary */ this.#expected = undefined;
    this.isEqual();
    return this;
  }

  /** No difference is known. */
  isEqual(): void {
    this.waiting = undefined;
    this.differsAt = undefined;
  }

  /** The primary told its digest. An older one than the last is of no use any more. */
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

  /** Whether nothing is to be done after this order, as a digest is there or was compared. */
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
