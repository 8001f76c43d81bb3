import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { pack } from './pack.mjs';
import { Project } from './project.js';

/** The packages with other releases of grpc-js than this repository's, installed as a user's package.json names them. */

const USED = ['client', 'context', 'coordinator-embedded', 'core', 'grpc-common', 'server', 'testing', 'wire'];

const directory = mkdtempSync(join(tmpdir(), 'understudy-versions-'));
let tarballs = new Map<string, string>();
let project: Project | undefined;

beforeAll(() => {
  const used = pack(directory).filter(({ name }) => USED.some((one) => name === `@understudy/${one}`));
  tarballs = new Map(used.map(({ name, tarball }) => [name, tarball]));
});
afterEach(() => {
  project?.remove();
  project = undefined;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function install(version: string): Promise<Project> {
  project = new Project();
  await project.installWith(tarballs, { '@grpc/grpc-js': version }, '--legacy-peer-deps');
  project.write('version.cjs', "console.log(require('@grpc/grpc-js/package.json').version)");
  expect(await project.node('version.cjs')).toBe(`${version}\n`);
  return project;
}

it.each(['1.14.0', '1.14.4'])('a group with grpc-js %s works, and hands over', async (version) => {
  const own = await install(version);
  own.copy(join(import.meta.dirname, 'kit.mjs'), 'kit.mjs');
  expect(await own.node('kit.mjs')).toMatch(/# fail 0|ℹ fail 0/);
});

it('servers and clients with grpc-js 1.13 are refused with the version that they need', async () => {
  const own = await install('1.13.4');
  own.write(
    'refused.cjs',
    `const { createReplica } = require('@understudy/server');
     const { replicated } = require('@understudy/client');
     const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'bank' } }] };
     const coordinator = require('@understudy/coordinator-embedded').memoryCoordinator();
     for (const make of [
       () => createReplica({ replicaId: 'bank-1', coordinator, state: 'none', serviceConfig }),
       () => replicated({ serviceConfig }),
     ]) {
       try {
         make();
       } catch (error) {
         console.log(error.message);
       }
     }`,
  );
  const said = (await own.node('refused.cjs')).trim().split('\n');
  expect(said).toHaveLength(2);
  for (const line of said) expect(line).toMatch(/^UNDERSTUDY_SETUP: this needs grpc-js 1\.14/);
});
