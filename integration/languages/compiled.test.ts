import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, mayInstall } from '@understudy/coordinator-etcd/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { playFollowing } from './play.js';

const sourceOf = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'understudy-languages-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('a client in C++', () => {
  const isReady = (): boolean =>
    spawnSync('g++', ['-include', 'grpcpp/grpcpp.h', '-x', 'c++', '-fsyntax-only', '/dev/null']).status === 0;

  it('follows the primary with the documented service config, through a SIGKILL and a hand-over under load', ({
    skip,
  }) => {
    if (!isReady()) {
      if (!mayInstall()) {
        console.warn(
          'NOT TESTED: clients in C++. There is no libgrpc++-dev or no g++, and root on Debian would install it.',
        );
        skip('no C++ with grpcpp');
      }
      install('g++', 'libgrpc++-dev');
    }
    const program = join(dir, 'load');
    execFileSync('g++', [
      '-std=c++17',
      sourceOf('cpp/load.cc'),
      '-o',
      program,
      '-lgrpc++',
      '-lgrpc',
      '-lgpr',
      '-pthread',
    ]);
    return playFollowing('C++', { command: program });
  });
});

/** Go and its libraries are 570 MB: too much to install for a test. */
describe('a client in Go, if GO_SOURCES has the library, such as /usr/share/gocode of golang-google-grpc-dev', () => {
  const sources = process.env.GO_SOURCES;

  it.skipIf(sources === undefined)(
    'follows the primary with the documented service config, through a SIGKILL and a hand-over under load',
    () => {
      const program = join(dir, 'load-go');
      const env = { ...process.env, GO111MODULE: 'off', GOPATH: sources };
      execFileSync('go', ['build', '-o', program, sourceOf('go/load.go')], { env });
      // Before 1.40 grpc-go retries only if it is told to.
      return playFollowing('Go', { command: program, env: { ...process.env, GRPC_GO_RETRY: 'on' } });
    },
  );
});
