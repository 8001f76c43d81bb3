// Keeps what `npm run build` made of the packages that make a group, for the test of groups of two builds
// (integration/mixed-builds.test.ts): node integration/previous/keep-build.mjs. Run it at every release, and commit the
// file. Until the first release run it also when the wire has changed under its version: the kept build does not speak
// the new one, and the test fails until then.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pack } from '../publish/pack.mjs';

const NAMES = ['client', 'context', 'coordinator-embedded', 'core', 'grpc-common', 'server', 'wire'];
const packages = resolve(import.meta.dirname, '../../packages');
const kept = join(import.meta.dirname, 'build.tgz');

const directory = mkdtempSync(join(tmpdir(), 'understudy-keep-'));
try {
  const packed = new Map(pack(directory).map(({ name, tarball }) => [name, tarball]));
  for (const name of NAMES) {
    const to = join(directory, '@understudy', name);
    mkdirSync(to, { recursive: true });
    const tarball = packed.get(`@understudy/${name}`);
    execFileSync('tar', ['-xzf', tarball, '-C', to, '--strip-components=1']);
  }
  for (const path of readdirSync(join(directory, '@understudy'), { recursive: true })) {
    if (/(\.d\.ts|\.md|LICENSE)$/.test(path)) rmSync(join(directory, '@understudy', path));
  }
  // By these bytes the test tells whether both builds speak one wire.
  cpSync(join(packages, 'wire/testdata'), join(directory, '@understudy/wire/testdata'), { recursive: true });
  // The same build makes the same file.
  const same = ['--sort=name', '--owner=0', '--group=0', '--mtime=2000-01-01'];
  execFileSync('tar', ['-cf', `${kept}.tar`, ...same, '-C', directory, '@understudy']);
  execFileSync('gzip', ['-9nf', '--suffix', '.tmp', `${kept}.tar`]);
  execFileSync('mv', [`${kept}.tar.tmp`, kept]);
  console.log(`kept: ${kept}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
