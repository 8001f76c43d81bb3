/** The files in which a group's record is kept, and the compare-and-swap between processes. */
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Epoch, type GroupRecord, type SwapResult, UnderstudyError } from '@understudy/core';
import { recordFromJson, recordToJson } from '@understudy/core/internal';
import { makeDirectory, sweepTemporary, syncDirectory, unlessMissing, writeThen } from './durable.js';
import { coordinatorError, damagedRecord, systemCode } from './failure.js';
import { looksLikeRecord, recordEpoch, recordFile } from './file-names.js';

/**
 * How many epochs stay on disk. A writer that falls this far behind between two system calls cannot tell whether it
 * won.
 */
export const EPOCHS_KEPT = 64;
const BYTES_MAX = 1_048_576;
const LISTINGS_MAX = 10;

/**
 * A group's record, as one immutable file for each epoch. The file with the highest epoch is the record.
 *
 * The compare-and-swap is link(2): a complete and flushed file gets the name of the next epoch, which fails if that
 * name exists. So a process may die at any point, and exactly one of several writers wins. Two more rules keep this
 * true when old files are removed. A file is removed only when it is `EPOCHS_KEPT` or more below the highest. A writer
 * that finds the highest epoch that far above its own does not claim to have won, because its name may have been
 * removed and free again.
 */
export class RecordFiles {
  readonly #dir: string;
  readonly #group: string;
  /** The highest epoch that this object read or wrote and that is known to be on disk. */
  #seen = 0;

  constructor(dir: string, group: string) {
    this.#dir = dir;
    this.#group = group;
  }

  /** The highest epoch, 0 if there is none. Cheaper than reading the record, which may turn out to be damaged. */
  async newestEpoch(): Promise<number> {
    return highest(await this.#files());
  }

  async newest(): Promise<GroupRecord | undefined> {
    for (let listing = 1; ; listing++) {
      const epoch = await this.newestEpoch();
      // Files come and go while the directory is listed. If the file is gone, or is older than one seen before, list
      // again. If it stays so, somebody has removed files.
      if (epoch < this.#seen && listing < LISTINGS_MAX) continue;
      this.#seen = Math.min(this.#seen, epoch);
      if (epoch === 0) return undefined;
      const record = await this.#read(epoch);
      if (record === undefined && listing < LISTINGS_MAX) continue;
      if (record === undefined) throw coordinatorError(`${join(this.#dir, recordFile(epoch))} comes and goes`);
      await this.#settle(epoch);
      return record;
    }
  }

  /** Stores a record again where there is none, or an older one, or a file that is no record; that file is set aside. */
  async putBack(record: GroupRecord): Promise<SwapResult> {
    await makeDirectory(this.#dir);
    const path = join(this.#dir, recordFile(record.epoch));
    for (let attempt = 0; attempt < LISTINGS_MAX; attempt++) {
      const epoch = await this.newestEpoch();
      if (epoch >= record.epoch) {
        const current = await this.#readable(epoch);
        if (current !== undefined) return { kind: 'conflict', current };
        continue;
      }
      const won = await writeThen(this.#dir, `${recordToJson(record)}\n`, (temporary) => linkNew(temporary, path));
      if (!won) continue;
      this.#seen = 0;
      await this.#settle(record.epoch);
      return { kind: 'swapped' };
    }
    throw coordinatorError(`${path} could not be put back: other files come and go`);
  }

  /** Undefined if the file is gone, or was no record and is set aside now. */
  async #readable(epoch: number): Promise<GroupRecord | undefined> {
    try {
      return await this.#read(epoch);
    } catch (error) {
      if (!(error instanceof UnderstudyError) || error.code !== 'UNDERSTUDY_RECORD_DAMAGED') throw error;
      const file = recordFile(epoch);
      await unlessMissing(rename(join(this.#dir, file), join(this.#dir, `damaged-${Date.now()}-${file}`)));
      return undefined;
    }
  }

  /** If this rejects, the change may or may not have happened. The caller cannot tell and must not guess. */
  async swap(expected: Epoch, next: GroupRecord): Promise<SwapResult> {
    if (expected === 0) await makeDirectory(this.#dir);
    const current = await this.newest();
    if ((current?.epoch ?? 0) !== expected) return { kind: 'conflict', current };
    const path = join(this.#dir, recordFile(next.epoch));
    const won = await writeThen(this.#dir, `${recordToJson(next)}\n`, (temporary) => linkNew(temporary, path));
    if (!won) return { kind: 'conflict', current: await this.newest() };
    const files = await this.#files();
    const newest = highest(files);
    if (newest < next.epoch + EPOCHS_KEPT) await this.#settle(next.epoch);
    await this.#tidy(files, newest);
    if (newest < next.epoch + EPOCHS_KEPT) return { kind: 'swapped' };
    throw coordinatorError(`epoch ${next.epoch} was overtaken by epoch ${newest} while it was being written`);
  }

  /** Flushes the directory before anybody acts on a record: otherwise a power loss could take the record back. */
  async #settle(epoch: number): Promise<void> {
    if (epoch <= this.#seen) return;
    await syncDirectory(this.#dir);
    this.#seen = Math.max(this.#seen, epoch);
  }

  async #files(): Promise<readonly string[]> {
    const files = (await unlessMissing(readdir(this.#dir))) ?? [];
    const foreign = files.find((file) => looksLikeRecord(file) && recordEpoch(file) === undefined);
    if (foreign === undefined) return files;
    throw coordinatorError(
      `${join(this.#dir, foreign)} is not a record that Understudy wrote: move it out of this directory`,
    );
  }

  /** Undefined if the file was removed meanwhile. */
  async #read(epoch: number): Promise<GroupRecord | undefined> {
    const path = join(this.#dir, recordFile(epoch));
    const file = await unlessMissing(open(path, 'r'));
    if (file === undefined) return undefined;
    const text = await readAll(file, path);
    let record: GroupRecord;
    try {
      record = recordFromJson(text, this.#group);
    } catch (cause) {
      throw damagedRecord(path, cause);
    }
    if (record.epoch === epoch) return record;
    throw damagedRecord(path, `the file holds epoch ${record.epoch}`);
  }

  /** Removes old files. A failure does not affect the record, and the next writer tries again. */
  async #tidy(files: readonly string[], newest: number): Promise<void> {
    const old = files.filter((file) => (recordEpoch(file) ?? Number.POSITIVE_INFINITY) <= newest - EPOCHS_KEPT);
    const removed = old.map((file) => rm(join(this.#dir, file), { force: true }));
    await Promise.allSettled([...removed, sweepTemporary(this.#dir, files)]);
  }
}

const highest = (files: readonly string[]): number =>
  files.reduce((newest, file) => Math.max(newest, recordEpoch(file) ?? 0), 0);

/**
 * Gives the file the name `to`.
 *
 * @returns false if the name is taken
 */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readAll(file: FileHandle, path: string): Promise<string> {
  try {
    const { size } = await file.stat();
    if (size > BYTES_MAX) throw damagedRecord(path, `the file has ${size} bytes, more than ${BYTES_MAX}`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
