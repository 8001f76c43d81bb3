/** Tells a replica of each newer record in etcd. */
import { setTimeout as pause } from 'node:timers/promises';
import { type GroupRecord, UnderstudyError } from '@understudy/core';
import { sameRecord } from '@understudy/core/internal';
import type { IWatchResponse } from 'etcd3';
import { asEtcdError } from '../members/failure.js';
import type { Members } from '../members/members.js';
import type { Reading, RecordStore } from './record-store.js';

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

export interface WatchOptions {
  readonly hosts: readonly string[];
  readonly pollMs: number;
  readonly onRecord: (record: GroupRecord) => void;
  /** Called once for each problem, even if the same problem comes up many times in a row. */
  readonly onError: (error: Error) => void;
  /** Called when the record is gone, older than one that was reported, or no record any more. */
  readonly onLost: (last: GroupRecord | undefined) => void;
}

/**
 * Reports each newer record. A watch of etcd, from the revision that was read last, makes this fast. The record is read
 * again when the watch ends for any reason, such as compaction, and whenever it was silent for `pollMs`, because a
 * member that is cut off from the others keeps its watches open and says nothing.
 */
export class RecordWatch {
  readonly #members: Members;
  readonly #store: RecordStore;
  readonly #options: WatchOptions;
  readonly #ended = new AbortController();
  #reported: GroupRecord | undefined;
  #problem: string | undefined;

  constructor(members: Members, store: RecordStore, options: WatchOptions) {
    this.#members = members;
    this.#store = store;
    this.#options = options;
    void this.#watch();
  }

  end(): void {
    this.#ended.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ended;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        const { stored, revision } = await this.#read();
        this.#report(stored?.record, undefined);
        this.#problem = undefined;
        pauseMs = FIRST_PAUSE_MS;
        await this.#follow(BigInt(revision) + 1n);
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error);
        this.#members.avoidPreferred();
        await pause(pauseMs * (0.5 + Math.random()), undefined, { ref: false, signal }).catch(() => {});
        pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
      }
    }
  }

  /** @param last the record directly before this one, if that is certain */
  #report(record: GroupRecord | undefined, last: GroupRecord | undefined): void {
    const reported = this.#reported;
    if (this.#ended.signal.aborted || sameRecord(record, reported)) return;
    this.#reported = record;
    if (record !== undefined && record.epoch > (reported?.epoch ?? 0)) this.#options.onRecord(record);
    else this.#options.onLost(last);
  }

  /** A value that is no record takes the place of the one that was reported. */
  async #read(): Promise<Reading> {
    try {
      return await this.#store.read();
    } catch (error) {
      if (isDamage(error)) this.#report(undefined, undefined);
      throw error;
    }
  }

  #failed(cause: unknown): void {
    const error = asEtcdError(cause, `watching ${this.#store.key}`, this.#options.hosts);
    if (error.message === this.#problem) return;
    this.#problem = error.message;
    this.#options.onError(error);
  }

  /** Follows a watch. Resolves when it is time to read the record again, and rejects if the watch failed. */
  async #follow(from: bigint): Promise<void> {
    const { signal } = this.#ended;
    const stream = await (await this.#members.preferred()).watchClient.watch();
    let quiet: NodeJS.Timeout | undefined;
    let stop = (): void => {};
    let over = false;
    try {
      await new Promise<void>((resolve, reject) => {
        stop = resolve;
        signal.addEventListener('abort', stop, { once: true });
        if (signal.aborted) resolve();
        const awaitWord = (): void => {
          clearTimeout(quiet);
          if (!over) quiet = setTimeout(look, this.#options.pollMs).unref();
        };
        // A watch that is merely quiet stays open: etcd3 would open a new connection after each cancelled one.
        const look = (): void => {
          this.#isBehind().then((isBehind) => (isBehind ? resolve() : awaitWord()), reject);
        };
        stream.on('error', reject).on('end', resolve);
        stream.on('data', (response: IWatchResponse) => {
          awaitWord();
          // The revision was compacted, or the member gives up the watch.
          if (response.canceled) return resolve();
          try {
            this.#take(response);
          } catch (error) {
            reject(error);
          }
        });
        awaitWord();
        stream.write({
          create_request: { key: Buffer.from(this.#store.key), start_revision: String(from), prev_kv: true },
        });
      });
    } finally {
      over = true;
      clearTimeout(quiet);
      signal.removeEventListener('abort', stop);
      // Ignore the error that cancelling causes.
      stream.on('error', () => {});
      stream.cancel();
    }
  }

  /** Reads the record again. @returns whether the watch missed a newer record */
  async #isBehind(): Promise<boolean> {
    const { stored } = await this.#read();
    return !sameRecord(stored?.record, this.#reported);
  }

  #take({ events }: IWatchResponse): void {
    for (const { type, kv, prev_kv } of events) {
      const isPut = String(type) === 'Put' || String(type) === 'PUT';
      const last = this.#store.recordIn(prev_kv);
      try {
        this.#report(isPut ? this.#store.storedOf(kv)?.record : undefined, last);
      } catch (error) {
        if (isDamage(error)) this.#report(undefined, last);
        throw error;
      }
    }
  }
}

const isDamage = (error: unknown): boolean =>
  error instanceof UnderstudyError && error.code === 'UNDERSTUDY_RECORD_DAMAGED';
