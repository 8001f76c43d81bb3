/** The nested calls that handlers of this group made: which may be sent, which are answered, which are settled. */

import type { OrderNum } from '../../model/ids.js';
import { minOf } from '../../model/ids.js';
import type { NestedId } from '../../model/nested.js';

/** One call that a handler of this group made. It is kept until its reply is stable. */
interface NestedCall {
  readonly id: NestedId;
  /** The reply has arrived and waits for its place in the order. */
  replied: boolean;
  /** The order at which the reply was processed. */
  processedAt: OrderNum | undefined;
  /** An earlier primary may have sent the call. */
  again: boolean;
}

/** A call that may leave now. */
export interface DueCall {
  readonly id: NestedId;
  /** Whether an earlier primary may have sent it already. */
  readonly again: boolean;
}

/** The nested calls of this group. Replicas that execute all know the same calls. */
export class NestedCalls {
  /** All calls that are kept, in the order in which handlers made them. */
  readonly #calls = new Map<string, NestedCall>();
  /** At the primary: the calls that are not sent yet, in the same order. */
  #unsent: NestedCall[] = [];
  /** The calls whose replies are processed, in the order of those replies. */
  readonly #answered: NestedCall[] = [];
  #open = 0;
  /** Since when new messages wait so that open calls can end; undefined if they do not wait. */
  drainSinceMs: number | undefined;

  /** A copy of the state takes the place of all handlers that made these calls. */
  forgetAll(): void {
    this.#calls.clear();
    this.#unsent = [];
    this.#answered.length = 0;
    this.#open = 0;
    this.drainSinceMs = undefined;
  }

  /** Calls whose replies are not processed yet. */
  get open(): number {
    return this.#open;
  }

  /** @param sends whether this replica must send the call */
  made(id: NestedId, sends: boolean): void {
    const call = { id, replied: false, processedAt: undefined, again: false };
    this.#calls.set(keyOf(id), call);
    if (sends) this.#unsent.push(call);
    this.#open++;
  }

  /** @returns whether this is the first reply to a call that is still open */
  replied(id: NestedId): boolean {
    const call = this.#calls.get(keyOf(id));
    if (call === undefined || call.replied || call.processedAt !== undefined) return false;
    call.replied = true;
    return true;
  }

  processed(id: NestedId, at: OrderNum): void {
    const call = this.#calls.get(keyOf(id));
    if (call === undefined || call.processedAt !== undefined) return;
    call.processedAt = at;
    this.#answered.push(call);
    this.#open--;
  }

  /**
   * This replica takes over and cannot know which open calls its predecessor sent, so it sends all of them again. The
   * callee recognises a repeated call by its id.
   */
  sendAgain(): void {
    this.#unsent = [...this.#calls.values()].filter(({ processedAt }) => processedAt === undefined);
    for (const call of this.#unsent) {
      call.replied = false;
      /* rule nested-marked-again */ call.again = true;
    }
  }

  /** The calls that may leave now, because their parents' orders are stable. Each call is returned once. */
  takeDue(stableUpTo: OrderNum): DueCall[] {
    let due = 0;
    while (
      due < this.#unsent.length &&
      /* rule nested-when-stable */ (this.#unsent[due] as NestedCall).id.orderNum <= stableUpTo
    )
      due++;
    return this.#unsent.splice(0, due);
  }

  /**
   * Forgets calls whose replies are stable, also those made after one that stays open for long.
   *
   * @returns the order up to which all calls are settled
   */
  settledUpTo(stableUpTo: OrderNum): OrderNum {
    let forgotten = 0;
    for (const { id, processedAt } of this.#answered) {
      if (processedAt === undefined || /* rule settled-when-stable */ processedAt > stableUpTo) break;
      this.#calls.delete(keyOf(id));
      forgotten++;
    }
    if (forgotten > 0) this.#answered.splice(0, forgotten);
    const [oldest] = this.#calls.values();
    return oldest === undefined ? stableUpTo : minOf((oldest.id.orderNum - 1) as OrderNum, stableUpTo);
  }
}

const keyOf = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;
