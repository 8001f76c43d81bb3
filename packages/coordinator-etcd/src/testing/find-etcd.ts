import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * The program `etcd`: what ETCD_BIN names, or what is on the PATH. On Debian as root it is installed if it is missing.
 *
 * @throws Error with a sentence that says what to install
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
  throw new Error('these tests need etcd 3.4 or later: install it (Debian: etcd-server), or name it with ETCD_BIN');
}

const isThere = (): boolean => spawnSync('etcd', ['--version'], { stdio: 'ignore' }).error === undefined;

const isDebian = (): boolean =>
  existsSync('/etc/os-release') && /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));

function install(): void {
  // Its package would start a server of its own; policy-rc.d is how Debian is told not to.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...args: string[]) =>
    execFileSync('apt-get', ['-qq', '-y', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  apt('update');
  apt('install', '--no-install-recommends', 'etcd-server');
}
