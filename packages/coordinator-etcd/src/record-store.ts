import type { Epoch, GroupRecord, SwapResult } from '@understudy/core';
import { recordFromJson, recordToJson } from '@understudy/core/internal';
import type { IKeyValue } from 'etcd3';
import { damagedRecord } from './failure.js';
import type { Members } from './members.js';

/** A record, and the revision of etcd that made it. */
export interface Stored {
  readonly record: GroupRecord;
  readonly revision: string;
}

/** What one linearizable read found. */
export interface Reading {
  readonly stored: Stored | undefined;
  /** Of etcd when it was read: whatever changed later has a higher one. */
  readonly revision: string;
}

/** A group's record under its key. A change is one transaction, guarded by the revision that made the record before. */
export class RecordStore {
  readonly key: string;
  readonly #group: string;
  readonly #members: Members;
  /** What was seen last: a change that follows it needs no reading first. */
  #known: Stored | undefined;

  constructor(members: Members, key: string, group: string) {
    this.#members = members;
    this.key = key;
    this.#group = group;
  }

  async read(): Promise<Reading> {
    const { kvs, header } = await this.#members.call('reading the record', (client) => client.get(this.key).exec());
    return { stored: this.storedOf(kvs[0]), revision: header.revision };
  }

  /** Whatever fails here may or may not have happened. */
  async swap(expected: Epoch, next: GroupRecord): Promise<SwapResult> {
    let base = this.#known?.record.epoch === expected ? this.#known : (await this.read()).stored;
    for (;;) {
      if ((base?.record.epoch ?? 0) !== expected) return { kind: 'conflict', current: base?.record };
      const revision = base?.revision;
      const answer = await this.#replace(base, next);
      if (answer === 'replaced') return { kind: 'swapped' };
      base = answer;
      // The same epoch under another revision: etcd was restored from a copy, where revisions begin anew.
      if (base === undefined || base.record.epoch !== expected || base.revision === revision) {
        return { kind: 'conflict', current: base?.record };
      }
    }
  }

  /** @returns what is there instead of `base`, if it is not that */
  async #replace(base: Stored | undefined, next: GroupRecord): Promise<'replaced' | Stored | undefined> {
    const value = recordToJson(next);
    // A member that is asked again finds what it did itself, and shows it.
    const { succeeded, responses, header } = await this.#members.call('changing the record', (client) =>
      (base === undefined
        ? client.if(this.key, 'Create', '==', 0)
        : client.if(this.key, 'Mod', '==', Number(base.revision))
      )
        .then(client.put(this.key).value(value))
        .else(client.get(this.key))
        .commit(),
    );
    if (!succeeded) return this.storedOf(responses[0]?.response_range.kvs[0]);
    this.#known = { record: next, revision: header.revision };
    return 'replaced';
  }

  /** @throws UNDERSTUDY_RECORD_DAMAGED */
  storedOf(entry: Pick<IKeyValue, 'value' | 'mod_revision'> | undefined): Stored | undefined {
    if (entry === undefined) return undefined;
    let record: GroupRecord;
    try {
      record = recordFromJson(entry.value.toString(), this.#group);
    } catch (cause) {
      throw damagedRecord(this.key, cause);
    }
    this.#known = { record, revision: entry.mod_revision };
    return this.#known;
  }
}
