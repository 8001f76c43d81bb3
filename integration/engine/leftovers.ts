import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DIR = /^understudy-docker-(\d+)-/;

/** Where an engine of this process keeps everything, as far as `mkdtemp` does not make it unique. */
export const dirPrefix = (): string => join(tmpdir(), `understudy-docker-${process.pid}-`);

/** Ends and removes what engines left whose tests were killed, and they with them. */
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

/** Innermost first. */
const mountedIn = (dir: string): string[] =>
  read('/proc/mounts')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${dir}/`))
    .reverse();

/** The engine's process, while there is one: it takes the file away when it ends. */
function pidIn(dir: string): number | undefined {
  const file = join(dir, 'pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}

const isAlive = (pid: number | undefined): boolean => pid !== undefined && existsSync(`/proc/${pid}`);

/** Parts of an engine name its directory in their arguments; containers are their descendants. Parents first. */
function leftRunning(dir: string): number[] {
  const parents = new Map<number, number>();
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    parents.set(pid, parentOf(pid));
    if (read(`/proc/${pid}/cmdline`).includes(`${dir}/`)) found.push(pid);
  }
  // What was found grows while its children are looked for.
  for (const parent of found) {
    for (const [pid, ppid] of parents) if (ppid === parent && !found.includes(pid)) found.push(pid);
  }
  return found;
}

/** The fourth field of `stat`; the second, a name in brackets, may hold anything. */
const parentOf = (pid: number): number => Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1]);

/** Empty for a process that has ended meanwhile. */
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
