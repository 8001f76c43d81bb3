/** The coordinator that keeps records in etcd: makes every call end in time and reports what went wrong. */
import {
  type Coordinator,
  type CoordinatorFactory,
  type Epoch,
  type GroupRecord,
  type Presence,
  type SwapResult,
  UnderstudyError,
} from '@understudy/core';
import { checkReadable, checkSwap } from '@understudy/core/internal';
import { recordKey } from './keys/names.js';
import { Presences, renewalMs } from './keys/presence.js';
import { RecordStore } from './keys/record-store.js';
import { RecordWatch } from './keys/record-watch.js';
import { adviceFor, asEtcdError } from './members/failure.js';
import { Members } from './members/members.js';
import { type EtcdOptions, type Settings, settingsOf } from './members/options.js';

/**
 * Keeps the records of groups in etcd (3.4 or later). Replicas need etcd to change a record, but never to serve a call.
 *
 * @returns a factory. Its coordinators fail with UNDERSTUDY_COORDINATOR when etcd refuses or cannot be reached in time,
 *   or with UNDERSTUDY_RECORD_DAMAGED when the value is not a record; such a value is never overwritten
 * @throws UNDERSTUDY_SETUP for options that cannot be used
 */
export function etcd(options: EtcdOptions): CoordinatorFactory {
  const settings = settingsOf(options);
  return (group) => new EtcdCoordinator(settings, group);
}

/** How many renewals of its lease a replica may need to notice that etcd has lost everything: the first may fail. */
const RENEWALS = 2;

class EtcdCoordinator implements Coordinator {
  readonly tellsOfLossWithinMs: number;
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
    this.tellsOfLossWithinMs = RENEWALS * renewalMs(settings);
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

  async putBack(record: GroupRecord): Promise<SwapResult> {
    checkReadable(this.#group, record);
    try {
      this.#assertOpen();
      return await this.#records.putBack(record);
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
  }

  watch(
    onRecord: (record: GroupRecord) => void,
    onError: (error: Error) => void,
    onLost: (last: GroupRecord | undefined) => void = () => {},
  ): () => void {
    this.#assertOpen();
    const { hosts, pollMs } = this.#settings;
    const watch = new RecordWatch(this.#members, this.#records, { hosts, pollMs, onRecord, onError, onLost });
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

  async problems(): Promise<readonly string[]> {
    this.#assertOpen();
    const { hosts } = this.#settings;
    const { alarms } = await this.#members.call('asking for alarms', ({ maintenance }) =>
      maintenance.alarm({ action: 'Get', memberID: 0, alarm: 'None' }),
    );
    return [...new Set(alarms.map(({ alarm }) => String(alarm).toUpperCase()))].map(
      (alarm) => `etcd ${hosts.join(', ')}: ${adviceFor(alarm)}`,
    );
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
    const problem = `the coordinator of group "${this.#group}" is closed; create a new one`;
    throw new UnderstudyError('UNDERSTUDY_COORDINATOR', problem);
  }
}
