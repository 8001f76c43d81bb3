/** Pursues one change of the record with the coordinator until its outcome is certain. */

import type { Epoch } from '../model/ids.js';
import type { SwapResult } from '../model/ports.js';
import type { GroupRecord } from '../model/record.js';
import { sameRecord } from './codec.js';

/** The adapter's next step in a change of the record. */
export type RecordChangeStep =
  /** Compare and swap, then report to `onSwapped`. */
  | { readonly kind: 'swap'; readonly expected: Epoch; readonly next: GroupRecord }
  /** Put a lost record back, then report to `onSwapped`. */
  | { readonly kind: 'putBack'; readonly next: GroupRecord }
  /** Pause, read the record, then report to `onRead` or `onReadFailed`. */
  | { readonly kind: 'read' }
  /** The outcome is certain: report it to the replica. */
  | { readonly kind: 'done'; readonly won: boolean; readonly record: GroupRecord | undefined };

/**
 * One change of the record. Swapping again is safe: of several attempts with the same epoch at most one succeeds, and a
 * later one finds the record that the first one wrote.
 */
export class RecordChange {
  readonly #swap: RecordChangeStep;
  readonly #next: GroupRecord;

  /** @param putsBack whether the coordinator has lost the record, so that `next` follows none */
  constructor(next: GroupRecord, putsBack = false) {
    this.#next = next;
    this.#swap = putsBack ? { kind: 'putBack', next } : { kind: 'swap', expected: (next.epoch - 1) as Epoch, next };
  }

  begin(): RecordChangeStep {
    return this.#swap;
  }

  onSwapped(result: SwapResult): RecordChangeStep {
    switch (result.kind) {
      case 'swapped':
        return { kind: 'done', won: true, record: this.#next };
      case 'conflict':
        return { kind: 'done', won: sameRecord(result.current, this.#next), record: result.current };
      case 'unknown':
        return { kind: 'read' };
    }
  }

  onRead(record: GroupRecord | undefined): RecordChangeStep {
    if (sameRecord(record, this.#next)) return { kind: 'done', won: true, record: this.#next };
    if (record !== undefined && record.epoch >= this.#next.epoch) return { kind: 'done', won: false, record };
    return this.#again ?? { kind: 'done', won: false, record };
  }

  /** The record could not be read, so the outcome is as unknown as before. */
  onReadFailed(): RecordChangeStep {
    return this.#again ?? { kind: 'read' };
  }

  /**
   * The step by which the change is tried again. A record is put back once: if it was, others may have changed it and it
   * may have been lost a second time since, and then another record is the newest.
   */
  get #again(): RecordChangeStep | undefined {
    return this.#swap.kind === 'swap' ? this.#swap : undefined;
  }
}
