import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asCoordinatorError } from './files/failure.js';
import { GROUP_PREFIX, groupDirectory, recordEpoch, recordFile } from './files/file-names.js';

/**
 * Lists the groups that have a record in a directory of `embeddedCoordinator`, in the order of their names.
 *
 * @throws UNDERSTUDY_COORDINATOR when the directory cannot be read
 */
export async function embeddedGroups(dir: string): Promise<readonly string[]> {
  try {
    const directories = (await readdir(dir)).filter((name) => name.startsWith(GROUP_PREFIX));
    const groups = await Promise.all(directories.map((name) => groupOf(dir, name)));
    return groups.filter((group) => group !== undefined).sort();
  } catch (error) {
    throw asCoordinatorError(error, `looking for groups in ${dir}`);
  }
}

async function groupOf(dir: string, name: string): Promise<string | undefined> {
  const files = await readdir(join(dir, name));
  const epochs = files.map(recordEpoch).filter((epoch) => epoch !== undefined);
  if (epochs.length === 0) return undefined;
  const decoded = name
    .slice(GROUP_PREFIX.length)
    .replace(/%([0-9a-f]{4})/g, (_match, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
  if (groupDirectory(decoded) === name) return decoded;
  // The directory has a shortened name. Every record holds the full one, so the newest readable record will do.
  for (const epoch of epochs.sort((a, b) => b - a)) {
    const text = await readFile(join(dir, name, recordFile(epoch)), 'utf8').catch(() => '');
    const group = /^\{"version":1,"group":("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
    const full: unknown = group === undefined ? undefined : JSON.parse(group);
    if (typeof full === 'string' && groupDirectory(full) === name) return full;
  }
  return undefined;
}
