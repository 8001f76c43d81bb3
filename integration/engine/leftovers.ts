/** Removes engines that killed tests left behind. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DIR = /^understudy-docker-(\d+)-/;

/** The prefix of an engine's directory; `mkdtemp` makes it unique. */
export const dirPrefix = (): string => join(tmpdir(), `understudy-docker-${process.pid}-`);

/** Ends the engines of tests that were killed, and removes their files. */
export function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const starter = DIR.exec(name)?.[1];
    const dir = join(tmpdir(), name);
    if (starter === undefined || isAlive(Number(starter)) || isAlive(pidIn(dir))) continue;
    try {
      for (const pid of leftRunning(dir)) kill(pid);
      for (const path of mountedIn(dir)) execFileSync('umount', ['--lazy', path]);
      rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    } catch (error) {
      console.log(`cannot remove what a Docker engine left in ${dir}: ${(error as Error).message}`);
    }
  }
}

/** Returns the mounts below a directory, the innermost first. */
const mountedIn = (dir: string): string[] =>
  read('/proc/mounts')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${dir}/`))
    .reverse();

/** Returns the engine's process, if it runs. The engine removes the file with its id when it ends. */
function pidIn(dir: string): number | undefined {
  const file = join(dir, 'pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}

const isAlive = (pid: number | undefined): boolean => pid !== undefined && existsSync(`/proc/${pid}`);

/**
 * Returns the processes of an engine, which name its directory in their arguments, and its containers, parents first.
 */
function leftRunning(dir: string): number[] {
  const parents = new Map<number, number>();
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    parents.set(pid, parentOf(pid));
    if (read(`/proc/${pid}/cmdline`).includes(`${dir}/`)) found.push(pid);
  }
  // The list grows while the loop adds the children of each entry.
  for (const parent of found) {
    for (const [pid, ppid] of parents) if (ppid === parent && !found.includes(pid)) found.push(pid);
  }
  return found;
}

/** Reads the parent from the fourth field of `stat`. The second field, a name in brackets, may contain anything. */
const parentOf = (pid: number): number => Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1]);

/** Returns an empty text for a process that has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
