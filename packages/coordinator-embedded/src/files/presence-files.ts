/** The files that say which replicas of a group run. */
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Epoch, Incarnation, Presence, ReplicaId } from '@understudy/core';
import { isHexId, leadershipFrom } from '@understudy/core/internal';
import { makeDirectory, sweepTemporary, unlessMissing, writeThen } from './durable.js';
import { coordinatorError } from './failure.js';
import { isPresence, presenceFile } from './file-names.js';
import { isGone, type ProcessIdentity, thisProcess } from './process-identity.js';

interface Entry {
  readonly file: string;
  readonly presence: Presence;
  readonly alive: boolean;
}

/** Lists the replicas of a group that run. Each has a file, which counts as long as the process that wrote it lives. */
export class PresenceFiles {
  readonly #dir: string;
  #own: string | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async announce({ member, ...reached }: Presence): Promise<void> {
    await makeDirectory(this.#dir);
    const { pid, started } = await thisProcess();
    const own = presenceFile(member.id);
    const text = JSON.stringify({ version: 1, ...member, ...reached, pid, started });
    await writeThen(this.#dir, `${text}\n`, (temporary) => rename(temporary, join(this.#dir, own)));
    await this.withdraw();
    this.#own = own;
    await this.#sweep();
  }

  async withdraw(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    if (own !== undefined) await rm(join(this.#dir, own), { force: true });
  }

  async present(): Promise<readonly Presence[]> {
    const entries = await this.#entries(await this.#files());
    const alive = entries.filter((entry) => entry.alive).map((entry) => entry.presence);
    return alive.sort((a, b) => (a.member.id < b.member.id ? -1 : 1));
  }

  /** Removes the files of killed processes, which could not withdraw them. Every announcement does this. */
  async #sweep(): Promise<void> {
    const files = await this.#files();
    const dead = (await this.#entries(files)).filter((entry) => !entry.alive);
    await Promise.all(dead.map(({ file }) => rm(join(this.#dir, file), { force: true })));
    await sweepTemporary(this.#dir, files);
  }

  async #files(): Promise<readonly string[]> {
    return (await unlessMissing(readdir(this.#dir))) ?? [];
  }

  async #entries(files: readonly string[]): Promise<readonly Entry[]> {
    const entries = await Promise.all(files.filter(isPresence).map((file) => this.#entry(file)));
    return entries.filter((entry) => entry !== undefined);
  }

  /** Undefined if the file was withdrawn meanwhile. */
  async #entry(file: string): Promise<Entry | undefined> {
    const path = join(this.#dir, file);
    const text = await unlessMissing(readFile(path, 'utf8'));
    if (text === undefined) return undefined;
    const { presence, pid, started } = parseEntry(text, path);
    return { file, presence, alive: !(await isGone(pid, started)) };
  }
}

function parseEntry(text: string, path: string): ProcessIdentity & { presence: Presence } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { version, id, incarnation, address, peerAddress, epoch, brings, pid, started } = (value ?? {}) as Readonly<
    Record<string, unknown>
  >;
  const usable =
    version === 1 &&
    typeof id === 'string' &&
    id !== '' &&
    isHexId(incarnation) &&
    typeof address === 'string' &&
    (peerAddress === undefined || typeof peerAddress === 'string') &&
    (epoch === undefined || Number.isSafeInteger(epoch)) &&
    typeof pid === 'number' &&
    Number.isSafeInteger(pid) &&
    pid > 0 &&
    (started === undefined || typeof started === 'string');
  if (!usable) throw coordinatorError(`${path} does not say which replica runs: remove it and restart its replica`);
  const member = { id: id as ReplicaId, incarnation: incarnation as string as Incarnation };
  const presence = {
    ...{ member, address },
    ...(peerAddress !== undefined && { peerAddress }),
    ...(epoch !== undefined && { epoch: epoch as Epoch }),
    ...bringsOf(brings),
  };
  return { presence, pid, started };
}

const bringsOf = (value: unknown): Pick<Presence, 'brings'> => {
  const brings = leadershipFrom(value);
  return brings === undefined ? {} : { brings };
};
