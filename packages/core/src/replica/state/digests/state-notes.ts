import type { CopyCost, OnOtherState } from '../../../model/digest.js';
import type { OrderNum } from '../../../model/ids.js';

/** A state that costs more is compared only where the settings ask for it. */
const CHEAP = { bytes: 16 * 1024 * 1024, ms: 100 } as const satisfies CopyCost;

/** What a replica of any role knows of digests of its user's state. */
export class StateNotes {
  /** The user's state after a restore was not the one that was restored, so it is not compared in this life. */
  differ = false;
  /** For how long the user's function kept this replica from processing messages when it last took a digest. */
  heldMs = 0;
  /** For how long at a time it blocked the process meanwhile. */
  blockedMs = 0;
  /** When one was last asked for. */
  askedMs = Number.NEGATIVE_INFINITY;
  /** The orders after which digests were asked for that are not there yet. */
  readonly pending = new Set<OrderNum>();
  /** The log says that the state is not compared because of its cost. */
  toldCost = false;
  #bytes = 0;
  /** The times that the last two copies took, the last one first. */
  #lastMs: readonly number[] = [];

  constructor(readonly onOther: OnOtherState) {}

  /** What the last copy cost. */
  get cost(): CopyCost {
    return { bytes: this.#bytes, ms: this.#lastMs[0] ?? 0 };
  }

  /** Whether nobody need ask for copies. Of two times the shorter one counts, because a process may pause meanwhile. */
  get isCheap(): boolean {
    const isQuick = this.#lastMs.length === 0 || this.#lastMs.some((ms) => ms <= CHEAP.ms);
    return isQuick && this.#bytes <= CHEAP.bytes;
  }

  /** The state was copied here. */
  copied({ bytes, ms }: CopyCost): void {
    this.#bytes = bytes;
    this.#lastMs = [ms, ...this.#lastMs.slice(0, 1)];
  }

  /** The state is now one of so many bytes. */
  received(bytes: number): void {
    this.#bytes = bytes;
  }
}
