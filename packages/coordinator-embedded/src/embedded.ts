/** The coordinator that keeps records in a directory: the files do the work, this makes every call end in time. */
import { join } from 'node:path';
import {
  type Coordinator,
  type CoordinatorFactory,
  type Epoch,
  type GroupRecord,
  type Presence,
  type SwapResult,
  UnderstudyError,
} from '@understudy/core';
import { checkReadable, checkSwap, didYouMean } from '@understudy/core/internal';
import { asCoordinatorError, coordinatorError, within } from './files/failure.js';
import { groupDirectory } from './files/file-names.js';
import { PresenceFiles } from './files/presence-files.js';
import { RecordFiles } from './files/record-files.js';
import { RecordWatch } from './files/record-watch.js';

export interface EmbeddedOptions {
  /** A read or change of the record that takes longer is given up, milliseconds. Raise it for a slow disk. Default 5,000. */
  readonly deadlineMs?: number;
  /**
   * How often a watch reads the directory if the file system does not notify it, milliseconds. There a change is
   * noticed up to so much later, so lower it there for a faster failover; each replica reads that often. A replica that
   * finds neither a record nor other replicas looks four times as long before it begins a history. Default 200.
   */
  readonly pollMs?: number;
}

/**
 * Keeps the records of groups in a directory, for replicas that run on one host. Nothing has to be installed. A change
 * is atomic, survives a power loss, and stays correct when processes die or race at any point. The directory must be on
 * a local file system with hard links; the first record creates it.
 *
 * @param dir the same for all replicas; holds any number of groups
 * @returns a factory. Its coordinators fail with UNDERSTUDY_COORDINATOR, which names the path that could not be used,
 *   or with UNDERSTUDY_RECORD_DAMAGED, which names the file that could not be read; such a file is never overwritten
 * @throws UNDERSTUDY_SETUP for a directory or options that cannot be used
 */
export function embeddedCoordinator(dir: string, options: EmbeddedOptions = {}): CoordinatorFactory {
  if (typeof dir !== 'string' || dir.trim() === '') {
    refuse('it takes the path of a directory, the same for all replicas of the group');
  }
  for (const [name, value] of Object.entries(options)) {
    if (name !== 'deadlineMs' && name !== 'pollMs') {
      refuse(`there is no option ${JSON.stringify(name.slice(0, 60))}${didYouMean(name, ['deadlineMs', 'pollMs'])}`);
    }
    if (value === undefined || (value > 0 && value <= SPAN_MAX_MS)) continue;
    refuse(`set ${name} to a number from 1 to ${SPAN_MAX_MS} instead of ${value}`);
  }
  return (group) => new EmbeddedCoordinator(dir, group, options);
}

/** Longer spans cannot be set as timers. */
const SPAN_MAX_MS = 2 ** 31 - 1;

function refuse(why: string): never {
  throw new UnderstudyError('UNDERSTUDY_SETUP', `embeddedCoordinator cannot be made: ${why}`);
}

/**
 * Replicas look that often whether their files are there before one that finds none may begin a history. Most notice at
 * once, as the file system tells them; the others are for a host that is too busy to look in time.
 */
const LOOKS_BEFORE_BEGINNING = 4;

class EmbeddedCoordinator implements Coordinator {
  readonly tellsOfLossWithinMs: number;
  readonly #dir: string;
  readonly #group: string;
  readonly #deadlineMs: number;
  readonly #pollMs: number;
  readonly #records: RecordFiles;
  readonly #presences: PresenceFiles;
  readonly #watches = new Set<RecordWatch>();
  #closed = false;

  constructor(dir: string, group: string, { deadlineMs = 5_000, pollMs = 200 }: EmbeddedOptions) {
    this.#dir = join(dir, groupDirectory(group));
    this.#group = group;
    this.#deadlineMs = deadlineMs;
    this.#pollMs = pollMs;
    this.#records = new RecordFiles(this.#dir, group);
    this.#presences = new PresenceFiles(this.#dir, pollMs);
    this.tellsOfLossWithinMs = LOOKS_BEFORE_BEGINNING * pollMs;
  }

  read(): Promise<GroupRecord | undefined> {
    return this.#try('reading the record', () => this.#records.newest());
  }

  async compareAndSwap(expected: Epoch, next: GroupRecord): Promise<SwapResult> {
    checkSwap(this.#group, expected, next);
    try {
      return await this.#try('changing the record', () => this.#records.swap(expected, next));
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
  }

  async putBack(record: GroupRecord): Promise<SwapResult> {
    checkReadable(this.#group, record);
    try {
      return await this.#try('putting the record back', () => this.#records.putBack(record));
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
  }

  watch(
    onRecord: (record: GroupRecord) => void,
    onError: (error: Error) => void,
    onLost: (last: GroupRecord | undefined) => void = () => {},
  ): () => void {
    if (this.#closed) throw this.#closedError();
    const failed = (error: Error) => onError(asCoordinatorError(error, `watching ${this.#dir}`));
    // This coordinator does not know what stood there between two looks.
    const lost = () => onLost(undefined);
    const options = { dir: this.#dir, pollMs: this.#pollMs, onRecord, onError: failed, onLost: lost };
    const watch = new RecordWatch(this.#records, options);
    this.#watches.add(watch);
    return () => {
      watch.end();
      this.#watches.delete(watch);
    };
  }

  announce(presence: Presence): Promise<void> {
    return this.#try('announcing a replica', () => this.#presences.announce(presence));
  }

  present(): Promise<readonly Presence[]> {
    return this.#try('looking for replicas', () => this.#presences.present());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    for (const watch of this.#watches) watch.end();
    this.#watches.clear();
    try {
      await this.#try('withdrawing a replica', () => this.#presences.withdraw());
    } finally {
      this.#closed = true;
    }
  }

  async #try<T>(doing: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#closedError();
    const where = `${doing} in ${this.#dir}`;
    try {
      return await within(this.#deadlineMs, where, work());
    } catch (error) {
      throw asCoordinatorError(error, where);
    }
  }

  #closedError(): Error {
    return coordinatorError(`the coordinator of group "${this.#group}" is closed; create a new one`);
  }
}
