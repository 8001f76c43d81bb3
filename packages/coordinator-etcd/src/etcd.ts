import {
  type Coordinator,
  type CoordinatorFactory,
  type Epoch,
  type GroupRecord,
  type Presence,
  type SwapResult,
  UnderstudyError,
} from '@understudy/core';
import { checkSwap } from '@understudy/core/internal';
import { asEtcdError } from './failure.js';
import { recordKey } from './keys.js';
import { Members } from './members.js';
import { type EtcdOptions, type Settings, settingsOf } from './options.js';
import { Presences } from './presence.js';
import { RecordStore } from './record-store.js';
import { RecordWatch } from './record-watch.js';

/**
 * Keeps the records of groups in etcd (3.4 or later). It is needed to change a record, and never for a call.
 *
 * @returns a factory; errors of its coordinators: UNDERSTUDY_COORDINATOR when etcd cannot be reached in time or refuses,
 *   UNDERSTUDY_RECORD_DAMAGED for a value that is no record, which is never overwritten
 * @throws UNDERSTUDY_SETUP for options that cannot be used
 */
export function etcd(options: EtcdOptions): CoordinatorFactory {
  const settings = settingsOf(options);
  return (group) => new EtcdCoordinator(settings, group);
}

class EtcdCoordinator implements Coordinator {
  readonly #settings: Settings;
  readonly #group: string;
  readonly #members: Members;
  readonly #records: RecordStore;
  readonly #presences: Presences;
  readonly #watches = new Set<RecordWatch>();
  #closed = false;

  constructor(settings: Settings, group: string) {
    this.#settings = settings;
    this.#group = group;
    this.#members = new Members(settings);
    this.#records = new RecordStore(this.#members, recordKey(settings.keyPrefix, group), group);
    this.#presences = new Presences(this.#members, settings, group);
  }

  async read(): Promise<GroupRecord | undefined> {
    this.#assertOpen();
    return (await this.#records.read()).stored?.record;
  }

  async compareAndSwap(expected: Epoch, next: GroupRecord): Promise<SwapResult> {
    checkSwap(this.#group, expected, next);
    try {
      this.#assertOpen();
      return await this.#records.swap(expected, next);
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
  }

  watch(onRecord: (record: GroupRecord) => void, onError: (error: Error) => void): () => void {
    this.#assertOpen();
    const { hosts, pollMs } = this.#settings;
    const watch = new RecordWatch(this.#members, this.#records, { hosts, pollMs, onRecord, onError });
    this.#watches.add(watch);
    return () => {
      watch.end();
      this.#watches.delete(watch);
    };
  }

  async announce(presence: Presence): Promise<void> {
    this.#assertOpen();
    await this.#presences.announce(presence);
  }

  async present(): Promise<readonly Presence[]> {
    this.#assertOpen();
    return this.#presences.present();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const watch of this.#watches) watch.end();
    this.#watches.clear();
    try {
      await this.#presences.withdraw();
    } catch (error) {
      throw asEtcdError(error, 'withdrawing a replica', this.#settings.hosts);
    } finally {
      this.#members.close();
    }
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    const problem = `the coordinator of group "${this.#group}" was closed; make a new one`;
    throw new UnderstudyError('UNDERSTUDY_COORDINATOR', problem);
  }
}
