/** The keys that say which replicas of a group run. */
import { type Epoch, type Incarnation, type Presence, type ReplicaId, UnderstudyError } from '@understudy/core';
import { isHexId, leadershipFrom } from '@understudy/core/internal';
import type { ILeaseKeepAliveResponse } from 'etcd3';
import type { Members } from '../members/members.js';
import type { Settings } from '../members/options.js';
import { presenceKey, presencePrefix } from './names.js';

/** How many times a lease is renewed before it would run out. */
const KEEPALIVES = 3;
/** How often a replica renews its lease and looks whether its key is still there. */
export const renewalMs = ({ presenceTtlS }: Settings): number => (presenceTtlS * 1_000) / KEEPALIVES;

/**
 * Announces a replica under a lease of its own. When its process dies or is cut off, the lease ends and etcd forgets
 * it.
 */
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
    this.#timer ??= setInterval(() => void this.#keepAlive(), renewalMs(this.#settings)).unref();
  }

  /** The replicas that run, in the order of their names. */
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
    const { member, ...reached } = presence;
    const key = presenceKey(this.#settings.keyPrefix, this.#group, member.id);
    const value = JSON.stringify({ version: 1, ...member, ...reached });
    await this.#members.call('announcing a replica', (client) => client.put(key).value(value).lease(lease).exec());
    this.#lease = lease;
  }

  async #grant(): Promise<string> {
    const TTL = Math.ceil(this.#settings.presenceTtlS);
    const ask = this.#members.call('announcing a replica', ({ leaseClient }) => leaseClient.leaseGrant({ TTL, ID: 0 }));
    return (await ask).ID;
  }

  /** Renews the lease, or replaces it if etcd has forgotten it. Any other failure is tried again the next time. */
  async #keepAlive(): Promise<void> {
    const said = this.#said;
    const lease = this.#lease;
    if (this.#busy || said === undefined) return;
    this.#busy = true;
    try {
      const renewed = lease !== undefined && (await this.#renew(lease));
      if (renewed && (await this.#isThere(said))) return;
      if (!renewed && this.#lease === lease) this.#lease = undefined;
      if (this.#said !== undefined) await this.#put(this.#said);
    } catch {
      // Only the list of running replicas depends on this, so the next renewal may repair it.
    } finally {
      this.#busy = false;
    }
  }

  /** Somebody may have deleted the key, perhaps together with the record. */
  async #isThere({ member }: Presence): Promise<boolean> {
    const key = presenceKey(this.#settings.keyPrefix, this.#group, member.id);
    return (await this.#members.call('looking for replicas', (client) => client.get(key).string())) !== null;
  }

  /** @returns false if etcd no longer knows the lease */
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
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { version, id, incarnation, address, peerAddress, epoch, brings } = fields;
  const isText = typeof address === 'string' && (peerAddress === undefined || typeof peerAddress === 'string');
  const isEpoch = epoch === undefined || Number.isSafeInteger(epoch);
  if (version !== 1 || typeof id !== 'string' || !isHexId(incarnation) || !isText || !isEpoch) {
    const problem = `etcd key ${JSON.stringify(key)} does not say which replica runs: delete the key`;
    throw new UnderstudyError('UNDERSTUDY_COORDINATOR', problem);
  }
  const member = { id: id as ReplicaId, incarnation: incarnation as string as Incarnation };
  return {
    ...{ member, address },
    ...(peerAddress !== undefined && { peerAddress }),
    ...(epoch !== undefined && { epoch: epoch as Epoch }),
    ...bringsOf(brings),
  };
}

const bringsOf = (value: unknown): Pick<Presence, 'brings'> => {
  const brings = leadershipFrom(value);
  return brings === undefined ? {} : { brings };
};
