import type { CopyCost, OnOtherState } from '../../../model/digest.js';
import type { OrderNum } from '../../../model/ids.js';

/** A state whose copy costs more than this is compared only where the settings ask for it. */
const CHEAP = { bytes: 16 * 1024 * 1024, ms: 100 } as const satisfies CopyCost;

/** What a replica of any role knows of digests of its user's state. */
export class StateNotes {
  /** Whether the restored state was not the one that the copy held, so that states are not compared in this life. */
  differ = false;
  /** How long the user's function kept this replica from processing messages during the last digest. */
  heldMs = 0;
  /** How long at a time the user's function blocked the process during the last digest. */
  blockedMs = 0;
  /** When a digest was last asked for. */
  askedMs = Number.NEGATIVE_INFINITY;
  /** The orders after which digests were asked for that are not there yet. */
  readonly pending = new Set<OrderNum>();
  /** Whether the log already says that the state is not compared because of its cost. */
  toldCost = false;
  #bytes = 0;
  /** How long the last two copies took, the newest first. */
  #lastMs: readonly number[] = [];

  constructor(readonly onOther: OnOtherState) {}

  /** What the last copy cost. */
  get cost(): CopyCost {
    return { bytes: this.#bytes, ms: this.#lastMs[0] ?? 0 };
  }

  /**
   * Whether copies are cheap enough to be compared unasked. Of two times the shorter one counts, because a process may
   * pause during either.
   */
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
