import { setTimeout as delay } from 'node:timers/promises';
import {
  type Coordinator,
  type Epoch,
  type GroupRecord,
  type Logger,
  type ReplicaEffect,
  sameRecord,
} from '@understudy/core';
import { Backoff } from './backoff.js';
import type { EventLoop } from './event-loop.js';

const FIRST_RETRY_MS = 20;
const MAX_RETRY_MS = 1000;

export interface RecordKeeperOptions {
  readonly loop: EventLoop;
  readonly coordinator: Coordinator;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

type Verdict = { readonly won: boolean; readonly record: GroupRecord | undefined };

/** The coordinator as one life of a replica uses it. */
export class RecordKeeper {
  readonly #options: RecordKeeperOptions;
  #unwatch: (() => void) | undefined;
  #reading = false;
  #readAgain = false;

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
  }

  watch(): void {
    const { coordinator, loop, logger } = this.#options;
    this.#unwatch = coordinator.watch(
      (record) => loop.dispatch({ kind: 'record', record }),
      (error) => logger.log('warn', 'watching the record failed', { reason: error.message }),
    );
  }

  close(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** Reads the record once more, or once again after the reading that is under way. */
  read(): void {
    if (this.#reading) {
      this.#readAgain = true;
      return;
    }
    this.#reading = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const { coordinator, loop, logger } = this.#options;
    do {
      this.#readAgain = false;
      try {
        const record = await coordinator.read();
        if (record !== undefined) loop.dispatch({ kind: 'record', record });
      } catch (error) {
        // The watch tells when the coordinator is back.
        if (!loop.closed) logger.log('warn', 'reading the record failed', { reason: reasonOf(error) });
      }
    } while (this.#readAgain && !loop.closed);
    this.#reading = false;
  }

  change({ next, reason }: Extract<ReplicaEffect, { kind: 'changeRecord' }>): void {
    const { loop, onFatal } = this.#options;
    this.#settle(next, reason).then(
      (verdict) => {
        if (verdict !== undefined) loop.dispatch({ kind: 'recordChange', ...verdict });
      },
      (error: unknown) => onFatal(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /**
   * Swaps until the outcome is certain. To swap again is safe: of several attempts with one epoch at most one succeeds,
   * and a later one finds the record that it wanted to write.
   *
   * @returns undefined if this life ended before
   */
  async #settle(next: GroupRecord, reason: string): Promise<Verdict | undefined> {
    const { coordinator, loop, logger } = this.#options;
    const backoff = new Backoff(FIRST_RETRY_MS, MAX_RETRY_MS);
    while (!loop.closed) {
      const result = await coordinator.compareAndSwap((next.epoch - 1) as Epoch, next);
      if (result.kind === 'swapped') return { won: true, record: next };
      if (result.kind === 'conflict') return { won: sameRecord(result.current, next), record: result.current };
      logger.log('warn', 'the outcome of a record change is not known yet', {
        change: reason,
        epoch: next.epoch,
        reason: reasonOf(result.cause),
      });
      await delay(backoff.next(), undefined, { ref: false });
      const verdict = await this.#lookUp(next);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  /** Whether the change happened, as far as the record tells. */
  async #lookUp(next: GroupRecord): Promise<Verdict | undefined> {
    try {
      const record = await this.#options.coordinator.read();
      if (sameRecord(record, next)) return { won: true, record: next };
      return record !== undefined && record.epoch >= next.epoch ? { won: false, record } : undefined;
    } catch {
      return undefined;
    }
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
