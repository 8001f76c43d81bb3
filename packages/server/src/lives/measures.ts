/** What a replica measures of its own work, over all lives of its process, for its status. */
import { monotonicMs } from '@understudy/context';
import type { PromotionParts, ReplicaStatus } from '@understudy/core';

export type Measured = Pick<ReplicaStatus, 'lastCopy' | 'lastPromotion'>;

/** The core knows no time but that of events, and no bytes of a state that is drawn as it is sent, so the adapter measures. */
export class Measures {
  #copy: { bytes: number; readonly atMs: number } | undefined;
  /** When this replica last proposed itself as primary; undefined if it was made primary in another way. */
  #claimedMs: number | undefined;
  #promotingMs: number | undefined;
  #collectedMs: number | undefined;
  #promotion: PromotionParts | undefined;

  get status(): Measured {
    const { bytes, atMs } = this.#copy ?? {};
    return {
      lastCopy: bytes === undefined || atMs === undefined ? undefined : { bytes, ageMs: monotonicMs() - atMs },
      lastPromotion: this.#promotion,
    };
  }

  /** A copy of the state was made or restored, or its first chunks were made. */
  copied(chunks: readonly Uint8Array[]): void {
    this.#copy = { bytes: sizeOf(chunks), atMs: monotonicMs() };
  }

  /** The next chunks of the last copy were made. */
  drawn(chunks: readonly Uint8Array[]): void {
    if (this.#copy !== undefined) this.#copy.bytes += sizeOf(chunks);
  }

  /** The coordinator is asked for a change of the record. */
  changing(reason: string): void {
    if (reason === 'claim') this.#claimedMs = monotonicMs();
    else if (reason === 'adopt') this.#collectedMs = monotonicMs();
  }

  roleChanged({ role, term }: Pick<ReplicaStatus, 'role' | 'term'>): void {
    const nowMs = monotonicMs();
    if (role === 'promoting') {
      this.#promotingMs = nowMs;
      this.#collectedMs = undefined;
      return;
    }
    const promotingMs = this.#promotingMs;
    // Nothing was promoted where a group begins.
    if (role === 'primary' && promotingMs !== undefined && term > 1) {
      // A primary that handed over has published what is adopted, so nothing was collected.
      const collectedMs = this.#collectedMs ?? promotingMs;
      this.#promotion = {
        claimMs: promotingMs - (this.#claimedMs ?? promotingMs),
        collectionMs: collectedMs - promotingMs,
        replayMs: nowMs - collectedMs,
      };
    }
    this.#claimedMs = undefined;
    this.#promotingMs = undefined;
  }
}

const sizeOf = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, { length }) => sum + length, 0);
