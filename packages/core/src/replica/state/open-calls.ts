import type { OrderNum } from '../../model/ids.js';
import { minOf } from '../../model/ids.js';
import type { NestedId } from '../../model/nested.js';

/** A call that handlers of this group made, until its reply is stable. */
interface NestedCall {
  readonly id: NestedId;
  /** Its reply is here and waits for its place in the order. */
  replied: boolean;
  /** Where in the order its reply was processed. */
  processedAt: OrderNum | undefined;
}

/** What a group has asked of other services; the same on every replica that executes. */
export class NestedCalls {
  /** In the order in which they were made. */
  readonly #calls = new Map<string, NestedCall>();
  /** At the primary: what has not been sent, in the same order. */
  #unsent: NestedCall[] = [];
  #open = 0;
  /** Since when new messages wait so that those that are open may end. */
  drainSinceMs: number | undefined;

  /** Calls whose replies are not processed yet. */
  get open(): number {
    return this.#open;
  }

  /** @param sends whether this replica is to send it */
  made(id: NestedId, sends: boolean): void {
    const call = { id, replied: false, processedAt: undefined };
    this.#calls.set(keyOf(id), call);
    if (sends) this.#unsent.push(call);
    this.#open++;
  }

  /** @returns whether it is the first one to a call that is open */
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
    this.#open--;
  }

  /** This replica takes over: nobody knows which of the open calls were sent. */
  sendAgain(): void {
    this.#unsent = [...this.#calls.values()].filter(({ processedAt }) => processedAt === undefined);
    for (const call of this.#unsent) call.replied = false;
  }

  /** What may be sent by now; each once. */
  takeDue(stableUpTo: OrderNum): NestedId[] {
    let due = 0;
    while (
      due < this.#unsent.length &&
      /* rule nested-when-stable */ (this.#unsent[due] as NestedCall).id.orderNum <= stableUpTo
    )
      due++;
    return this.#unsent.splice(0, due).map(({ id }) => id);
  }

  /** The replies to all calls made up to there are stable. What lies behind is forgotten. */
  settledUpTo(stableUpTo: OrderNum): OrderNum {
    for (const [key, { id, processedAt }] of this.#calls) {
      if (processedAt === undefined || /* rule settled-when-stable */ processedAt > stableUpTo) {
        return minOf((id.orderNum - 1) as OrderNum, stableUpTo);
      }
      this.#calls.delete(key);
    }
    return stableUpTo;
  }
}

const keyOf = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;
