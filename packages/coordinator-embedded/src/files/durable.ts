/** Writing to a directory so that a crash or a power loss never leaves half a file under a real name. */
import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from './failure.js';
import { temporaryFile, temporaryOwner } from './file-names.js';
import { isGone } from './process-identity.js';

/** The record holds the secret from which the keys for sealed orders follow, so nobody else may read it. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const ROOT = 0;

/** Temporary files that this process is writing. An earlier process of the same number left the others that bear it. */
const writing = new Set<string>();

/** Flushes a directory, so that its entries survive a power loss. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows can neither open nor flush a directory; its file systems log their metadata.
  if (process.platform === 'win32') return;
  await flush(await open(path, 'r'));
}

/** Creates a directory and its parents, for their owner only, so that all of them survive a power loss. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  if (first === undefined) return;
  for (let created = path; ; created = dirname(created)) {
    await syncDirectory(dirname(created));
    if (created === first || created === dirname(created)) return;
  }
}

/**
 * Writes and flushes a complete file under a temporary name, then lets `publish` give it its real name, so that nobody
 * ever sees a part of it. Removes the temporary name in any case. Only the owner may read the file.
 */
export async function writeThen<T>(dir: string, text: string, publish: (temporary: string) => Promise<T>): Promise<T> {
  const name = temporaryFile();
  const path = join(dir, name);
  writing.add(name);
  try {
    const owner = await ownerOf(dir);
    const file = await open(path, 'wx', FILE_MODE);
    await flush(file, text, owner);
    return await publish(path);
  } finally {
    await rm(path, { force: true });
    writing.delete(name);
  }
}

/** Removes the temporary files of processes that died in `writeThen`. */
export async function sweepTemporary(dir: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const owner = temporaryOwner(file);
    if (owner === undefined || writing.has(file)) continue;
    if (owner === process.pid || (await isGone(owner))) await rm(join(dir, file), { force: true });
  }
}

/** Resolves as `promise` does, but to undefined if the file or directory does not exist. */
export async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user to whom a new file in `dir` must be given. An operator who changes the record as root would otherwise leave
 * a file that the replicas cannot read.
 *
 * @returns undefined if this process may keep the file as its own
 */
async function ownerOf(dir: string): Promise<Owner | undefined> {
  if (process.getuid?.() !== ROOT) return undefined;
  const { uid, gid } = await stat(dir);
  return uid === ROOT ? undefined : { uid, gid };
}

async function flush(file: FileHandle, text?: string, owner?: Owner): Promise<void> {
  try {
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    if (text !== undefined) await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
