/** The files that say which replicas of a group run. */
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
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
  readonly #pollMs: number;
  #own: string | undefined;
  #said: Presence | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  /** The change of this replica's file that was begun last. They are made one after the other. */
  #change: Promise<unknown> = Promise.resolve();

  /** @param pollMs how often a replica looks whether its file is still there */
  constructor(dir: string, pollMs: number) {
    this.#dir = dir;
    this.#pollMs = pollMs;
  }

  announce(presence: Presence): Promise<void> {
    this.#said = presence;
    this.#timer ??= setInterval(() => this.#look(), this.#pollMs).unref();
    return this.#inTurn(() => this.#write(presence));
  }

  withdraw(): Promise<void> {
    clearInterval(this.#timer);
    this.#said = undefined;
    return this.#inTurn(() => this.#remove());
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const made = this.#change.then(change);
    this.#change = made.catch(() => {});
    return made;
  }

  /** Writes the file again if somebody removed it, together with the record perhaps. */
  #look(): void {
    if (this.#looking) return;
    this.#looking = true;
    // A directory that cannot be used now is tried again at the next look.
    this.#inTurn(() => this.#mend())
      .catch(() => {})
      .finally(() => {
        this.#looking = false;
      });
  }

  async #mend(): Promise<void> {
    if (this.#own === undefined || (await unlessMissing(stat(join(this.#dir, this.#own)))) !== undefined) return;
    if (this.#said !== undefined) await this.#write(this.#said);
  }

  async #write({ member, ...reached }: Presence): Promise<void> {
    await makeDirectory(this.#dir);
    const { pid, started } = await thisProcess();
    const own = presenceFile(member.id);
    const text = JSON.stringify({ version: 1, ...member, ...reached, pid, started });
    await writeThen(this.#dir, `${text}\n`, (temporary) => rename(temporary, join(this.#dir, own)));
    await this.#remove();
    this.#own = own;
    await this.#sweep();
  }

  async #remove(): Promise<void> {
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
