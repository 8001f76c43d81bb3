import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Test files run side by side, and so may their installations, of which Debian allows one at a time. */
const LOCK = join(tmpdir(), 'understudy-apt.lock');

/** Whether packages can be installed here: by root, on Debian or what is made of it. */
export const mayInstall = (): boolean =>
  process.getuid?.() === 0 &&
  existsSync('/etc/os-release') &&
  /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));

/**
 * Installs packages of Debian, and says so. No package starts a service.
 *
 * @throws Error if apt-get fails; its own words are on stderr then
 */
export function install(...packages: readonly string[]): void {
  console.log(`installing ${packages.join(', ')}`);
  // A package may start a server of its own. In runlevel 1, Debian starts no services.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const script = 'apt-get -qq update && apt-get -qq -y install --no-install-recommends "$@"';
  execFileSync('flock', [LOCK, 'sh', '-c', script, 'sh', ...packages], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}
