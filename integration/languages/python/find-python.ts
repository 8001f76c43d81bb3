/** Finds or makes a Python that has grpcio. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, mayInstall } from '@understudy/coordinator-etcd/testing';

/** Debian's package of grpcio. It brings what it needs, C core included. */
const PACKAGE = 'python3-grpcio';
/** Where packages are unpacked for someone who may not install them. Outlives a test run. */
const UNPACKED = fileURLToPath(new URL(`../../../node_modules/.cache/understudy/${PACKAGE}`, import.meta.url));

/** A Python that can `import grpc`. */
export interface Python {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Finds a Python with grpcio. Where there is none, root on Debian installs it, and others on Debian unpack the packages
 * beside node_modules.
 *
 * @returns undefined on a system without apt-get
 * @throws Error that says what to install, if apt-get is there and fails
 */
export function findPython(): Python | undefined {
  const found = candidates().find(hasGrpc);
  if (found !== undefined) return found;
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  try {
    if (mayInstall()) install(PACKAGE);
    else unpack();
  } catch (cause) {
    throw new Error(`this test needs a Python with grpcio: install ${PACKAGE}, or grpcio by pip`, { cause });
  }
  const made = candidates().find(hasGrpc);
  if (made === undefined) throw new Error(`${PACKAGE} was installed, and no Python here can import grpc`);
  return made;
}

/** Debian's packages belong to Debian's Python, even if another one precedes it in the path. */
function candidates(): Python[] {
  const own = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const library = join(UNPACKED, 'usr/lib');
  const unpacked = {
    ...own,
    PYTHONPATH: join(library, 'python3/dist-packages'),
    LD_LIBRARY_PATH: existsSync(library)
      ? readdirSync(library)
          .filter((name) => name.includes('-linux-'))
          .map((name) => join(library, name))
          .join(':')
      : '',
  };
  return [
    { path: 'python3', env: own },
    { path: '/usr/bin/python3', env: own },
    { path: '/usr/bin/python3', env: unpacked },
    { path: join(UNPACKED, 'usr/bin/python3'), env: unpacked },
  ];
}

const hasGrpc = ({ path, env }: Python): boolean =>
  spawnSync(path, ['-c', 'import grpc'], { env, stdio: 'ignore' }).status === 0;

/** Downloads the package and all that it needs and the system lacks, and unpacks them. Needs no rights. */
function unpack(): void {
  console.log(`unpacking ${PACKAGE} below node_modules`);
  mkdirSync(dirname(UNPACKED), { recursive: true });
  const dir = mkdtempSync(`${UNPACKED}-`);
  try {
    const plan = execFileSync('apt-get', ['-s', '--no-install-recommends', 'install', PACKAGE], { encoding: 'utf8' });
    const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
    execFileSync('apt-get', ['-qq', 'download', ...packages], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] });
    for (const file of readdirSync(dir).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg', ['-x', join(dir, file), dir]);
      rmSync(join(dir, file));
    }
    rmSync(UNPACKED, { recursive: true, force: true });
    renameSync(dir, UNPACKED);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
