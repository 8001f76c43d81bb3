import { type Incarnation, type Presence, type ReplicaId, UnderstudyError } from '@understudy/core';
import { isHexId } from '@understudy/core/internal';
import type { ILeaseKeepAliveResponse } from 'etcd3';
import { presenceKey, presencePrefix } from './keys.js';
import type { Members } from './members.js';
import type { Settings } from './options.js';

/** A lease is kept alive so many times in its life. */
const KEEPALIVES = 3;

/** Says that a replica runs, under a lease of its own: when the process dies, or is cut off, etcd forgets it. */
export class Presences {
  readonly #members: Members;
  readonly #settings: Settings;
  readonly #group: string;
  #said: Presence | undefined;
  #lease: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #busy = false;

  constructor(members: Members, settings: Settings, group: string) {
    this.#members = members;
    this.#settings = settings;
    this.#group = group;
  }

  async announce(presence: Presence): Promise<void> {
    this.#said = presence;
    await this.#put(presence);
    const everyMs = (this.#settings.presenceTtlS * 1_000) / KEEPALIVES;
    this.#timer ??= setInterval(() => void this.#keepAlive(), everyMs).unref();
  }

  /** By name. */
  async present(): Promise<readonly Presence[]> {
    const prefix = presencePrefix(this.#settings.keyPrefix, this.#group);
    const { kvs } = await this.#members.call('looking for replicas', (client) => client.getAll().prefix(prefix).exec());
    const presences = kvs.map(({ key, value }) => parsePresence(value.toString(), key.toString()));
    return presences.sort((a, b) => (a.member.id < b.member.id ? -1 : 1));
  }

  async withdraw(): Promise<void> {
    clearInterval(this.#timer);
    this.#said = undefined;
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease === undefined) return;
    await this.#members.call('withdrawing a replica', ({ leaseClient }) => leaseClient.leaseRevoke({ ID: lease }));
  }

  async #put(presence: Presence): Promise<void> {
    const lease = this.#lease ?? (await this.#grant());
    const { id, incarnation } = presence.member;
    const key = presenceKey(this.#settings.keyPrefix, this.#group, id);
    const value = JSON.stringify({ version: 1, id, incarnation, address: presence.address });
    await this.#members.call('announcing a replica', (client) => client.put(key).value(value).lease(lease).exec());
    this.#lease = lease;
  }

  async #grant(): Promise<string> {
    const TTL = Math.ceil(this.#settings.presenceTtlS);
    const ask = this.#members.call('announcing a replica', ({ leaseClient }) => leaseClient.leaseGrant({ TTL, ID: 0 }));
    return (await ask).ID;
  }

  /** A lease that is gone is replaced; whatever else fails is tried again the next time. */
  async #keepAlive(): Promise<void> {
    const said = this.#said;
    const lease = this.#lease;
    if (this.#busy || said === undefined) return;
    this.#busy = true;
    try {
      if (lease !== undefined && (await this.#renew(lease))) return;
      if (this.#lease === lease) this.#lease = undefined;
      if (this.#said !== undefined) await this.#put(this.#said);
    } catch {
      // Nothing depends on it but who is told that this replica runs.
    } finally {
      this.#busy = false;
    }
  }

  /** @returns false if etcd does not know the lease any more */
  #renew(lease: string): Promise<boolean> {
    return this.#members.call('announcing a replica', async ({ leaseClient }) => {
      const stream = await leaseClient.leaseKeepAlive();
      const late = setTimeout(() => stream.cancel(), this.#settings.deadlineMs).unref();
      try {
        return await new Promise<boolean>((resolve, reject) => {
          stream.on('error', reject).on('end', () => reject(new Error('the stream ended')));
          stream.on('data', ({ TTL }: ILeaseKeepAliveResponse) => resolve(Number(TTL) > 0));
          stream.write({ ID: lease });
        });
      } finally {
        clearTimeout(late);
        stream.on('error', () => {});
        stream.cancel();
      }
    });
  }
}

function parsePresence(text: string, key: string): Presence {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { version, id, incarnation, address } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (version !== 1 || typeof id !== 'string' || !isHexId(incarnation) || typeof address !== 'string') {
    const problem = `etcd key ${JSON.stringify(key)} does not say which replica runs: delete it`;
    throw new UnderstudyError('UNDERSTUDY_COORDINATOR', problem);
  }
  return { member: { id: id as ReplicaId, incarnation: incarnation as string as Incarnation }, address };
}
