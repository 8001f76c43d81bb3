/** Tells a replica of each newer record in the directory. */
import { type FSWatcher, watch } from 'node:fs';
import { type GroupRecord, UnderstudyError } from '@understudy/core';
import { sameRecord } from '@understudy/core/internal';
import type { RecordFiles } from './record-files.js';

export interface WatchOptions {
  readonly dir: string;
  readonly pollMs: number;
  readonly onRecord: (record: GroupRecord) => void;
  /** Called once for each problem, even if the same problem comes up many times in a row. */
  readonly onError: (error: Error) => void;
  /** Called when the record is gone, older than one that was reported, or no record any more. */
  readonly onLost: () => void;
}

/**
 * Reports each newer record. Notifications of the file system make this fast. A poll makes it certain, because the
 * directory may not exist yet and some file systems send no notifications. Neither keeps the process alive.
 */
export class RecordWatch {
  readonly #files: RecordFiles;
  readonly #options: WatchOptions;
  readonly #poll: NodeJS.Timeout;
  #notifier: FSWatcher | undefined;
  #reported: GroupRecord | undefined;
  /** Whether the file of the reported record may have been written over. */
  #touched = false;
  #problem: string | undefined;
  #looking = false;
  #lookAgain = false;
  #ended = false;

  constructor(files: RecordFiles, options: WatchOptions) {
    this.#files = files;
    this.#options = options;
    this.#poll = setInterval(() => this.#look(), options.pollMs).unref();
    this.#look();
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#poll);
    this.#notifier?.close();
    this.#notifier = undefined;
  }

  /** Reads the newest record. If asked again while it reads, reads once more afterwards. */
  #look(): void {
    if (this.#ended) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    this.#lookAgain = false;
    // Subscribe before reading, so that a change between the two causes a notification.
    this.#notify();
    void this.#newer().then((report) => {
      this.#looking = false;
      if (this.#lookAgain) this.#look();
      if (!this.#ended) report();
    });
  }

  async #newer(): Promise<() => void> {
    const reported = this.#reported;
    try {
      const epoch = await this.#files.newestEpoch();
      const touched = this.#touched;
      this.#touched = false;
      if (epoch === (reported?.epoch ?? 0) && !touched && this.#problem === undefined) return () => {};
      const record = await this.#files.newest();
      this.#problem = undefined;
      if (sameRecord(record, reported)) return () => {};
      this.#reported = record;
      if (record !== undefined && record.epoch > (reported?.epoch ?? 0)) return () => this.#options.onRecord(record);
      // The path may lead to another directory by now.
      if (this.#notifier !== undefined) this.#unnotify(this.#notifier);
      return () => this.#options.onLost();
    } catch (error) {
      const isDamage = error instanceof UnderstudyError && error.code === 'UNDERSTUDY_RECORD_DAMAGED';
      if (isDamage && reported !== undefined) {
        this.#reported = undefined;
        this.#options.onLost();
      }
      return () => this.#failed(error as Error);
    }
  }

  #failed(error: Error): void {
    if (error.message === this.#problem) return;
    this.#problem = error.message;
    this.#options.onError(error);
  }

  #notify(): void {
    if (this.#notifier !== undefined) return;
    try {
      const notifier = watch(this.#options.dir, { persistent: false }, (event, file) => this.#notified(event, file));
      notifier.on('error', () => this.#unnotify(notifier));
      this.#notifier = notifier;
    } catch {
      // The directory does not exist yet, or the file system has no notifications. The next poll tries again.
    }
  }

  #notified(_event: string, file: string | null): void {
    if (file !== null && !file.startsWith('record-')) return;
    this.#touched = true;
    this.#look();
  }

  #unnotify(notifier: FSWatcher): void {
    notifier.close();
    if (this.#notifier === notifier) this.#notifier = undefined;
  }
}
