/** The key that holds a group's record, and the compare-and-swap on it. */
import type { Epoch, GroupRecord, SwapResult } from '@understudy/core';
import { recordFromJson, recordToJson } from '@understudy/core/internal';
import type { IKeyValue } from 'etcd3';
import { damagedRecord } from '../members/failure.js';
import type { Members } from '../members/members.js';

/** A record, and the revision of etcd that wrote it. */
export interface Stored {
  readonly record: GroupRecord;
  readonly revision: string;
}

type Entry = Pick<IKeyValue, 'value' | 'mod_revision'>;

type Replaced = { readonly kind: 'replaced' } | { readonly kind: 'other'; readonly entry: Entry | undefined };

/** The result of one linearizable read. */
export interface Reading {
  readonly stored: Stored | undefined;
  /** The revision of etcd at the time of the read. Every later change has a higher one. */
  readonly revision: string;
}

/**
 * A group's record under its key. A change is one transaction that checks the revision that wrote the record before.
 */
export class RecordStore {
  readonly key: string;
  readonly #group: string;
  readonly #members: Members;
  /** The record that was seen last, so that the next change need not read it first. */
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

  /** If this rejects, the change may or may not have happened. */
  async swap(expected: Epoch, next: GroupRecord): Promise<SwapResult> {
    let base = this.#known?.record.epoch === expected ? this.#known : (await this.read()).stored;
    for (;;) {
      if ((base?.record.epoch ?? 0) !== expected) return { kind: 'conflict', current: base?.record };
      const revision = base?.revision;
      const answer = await this.#replace(base, next);
      if (answer === 'replaced') return { kind: 'swapped' };
      base = answer;
      // The epoch is the same under another revision: etcd was restored from a copy, and its revisions began anew.
      if (base === undefined || base.record.epoch !== expected || base.revision === revision) {
        return { kind: 'conflict', current: base?.record };
      }
    }
  }

  /** Stores a record again where there is none, or an older one, or a value that is no record. */
  async putBack(record: GroupRecord): Promise<SwapResult> {
    for (;;) {
      const { kvs } = await this.#members.call('reading the record', (client) => client.get(this.key).exec());
      const [entry] = kvs;
      const current = this.recordIn(entry);
      if (current !== undefined && current.epoch >= record.epoch) return { kind: 'conflict', current };
      const found = entry && { revision: entry.mod_revision };
      if ((await this.#tryToReplace(found, record)).kind === 'replaced') return { kind: 'swapped' };
    }
  }

  /** @returns 'replaced', or the record that was found instead of `base` */
  async #replace(base: Stored | undefined, next: GroupRecord): Promise<'replaced' | Stored | undefined> {
    const answer = await this.#tryToReplace(base, next);
    return answer.kind === 'replaced' ? 'replaced' : this.storedOf(answer.entry);
  }

  async #tryToReplace(base: Pick<Stored, 'revision'> | undefined, next: GroupRecord): Promise<Replaced> {
    const value = recordToJson(next);
    // When a hedged call is carried out twice, the second transaction fails and shows what the first one wrote.
    const { succeeded, responses, header } = await this.#members.call('changing the record', (client) =>
      (base === undefined
        ? client.if(this.key, 'Create', '==', 0)
        : client.if(this.key, 'Mod', '==', Number(base.revision))
      )
        .then(client.put(this.key).value(value))
        .else(client.get(this.key))
        .commit(),
    );
    if (!succeeded) return { kind: 'other', entry: responses[0]?.response_range.kvs[0] };
    this.#known = { record: next, revision: header.revision };
    return { kind: 'replaced' };
  }

  /** The record in an entry; undefined if there is none, or if the value is no record of the group. */
  recordIn(entry: Entry | null | undefined): GroupRecord | undefined {
    if (!entry || entry.value.length === 0) return undefined;
    try {
      return recordFromJson(entry.value.toString(), this.#group);
    } catch {
      return undefined;
    }
  }

  /** @throws UNDERSTUDY_RECORD_DAMAGED */
  storedOf(entry: Entry | undefined): Stored | undefined {
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
