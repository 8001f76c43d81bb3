import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * Finds the program `etcd`: the one that ETCD_BIN names, or the one on the PATH. If there is none, root on Debian
 * installs it.
 *
 * @throws Error that says what to install
 */
export function findEtcd(): string {
  const named = process.env.ETCD_BIN;
  if (named !== undefined) return named;
  if (isThere()) return 'etcd';
  if (isDebian() && process.getuid?.() === 0) {
    console.log('etcd is not installed: installing the package etcd-server');
    install();
    if (isThere()) return 'etcd';
  }
  throw new Error('these tests need etcd 3.4 or later: install it (Debian: etcd-server), or set ETCD_BIN to its path');
}

const isThere = (): boolean => spawnSync('etcd', ['--version'], { stdio: 'ignore' }).error === undefined;

const isDebian = (): boolean =>
  existsSync('/etc/os-release') && /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));

function install(): void {
  // The package would start a server of its own. Debian's scripts skip that at run level 1.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...args: string[]) =>
    execFileSync('apt-get', ['-qq', '-y', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  apt('update');
  apt('install', '--no-install-recommends', 'etcd-server');
}
