import { spawnSync } from 'node:child_process';
import { install, mayInstall } from './debian.js';

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
  if (mayInstall()) {
    install('etcd-server');
    if (isThere()) return 'etcd';
  }
  throw new Error('these tests need etcd 3.4 or later: install it (Debian: etcd-server), or set ETCD_BIN to its path');
}

const isThere = (): boolean => spawnSync('etcd', ['--version'], { stdio: 'ignore' }).error === undefined;
