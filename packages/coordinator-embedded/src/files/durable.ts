/** Writing to a directory so that a crash or a power loss never leaves half a file under a real name. */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from './failure.js';
import { temporaryFile, temporaryOwner } from './file-names.js';
import { isGone } from './process-identity.js';

/** Temporary files that this process is writing. Others that bear its number were left by an earlier process. */
const writing = new Set<string>();

/** Flushes a directory, so that its entries survive a power loss. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows can neither open nor flush a directory; its file systems log their metadata.
  if (process.platform === 'win32') return;
  await flush(await open(path, 'r'));
}

/** Creates a directory and its parents, so that all of them survive a power loss. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let created = path; ; created = dirname(created)) {
    await syncDirectory(dirname(created));
    if (created === first || created === dirname(created)) return;
  }
}

/**
 * Writes and flushes a complete file under a temporary name, then lets `publish` give it its real name, so that nobody
 * ever sees a part of it. Removes the temporary name in any case.
 */
export async function writeThen<T>(dir: string, text: string, publish: (temporary: string) => Promise<T>): Promise<T> {
  const name = temporaryFile();
  const path = join(dir, name);
  writing.add(name);
  try {
    const file = await open(path, 'wx');
    await flush(file, text);
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

async function flush(file: FileHandle, text?: string): Promise<void> {
  try {
    if (text !== undefined) await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
