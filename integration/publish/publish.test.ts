import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { freePorts } from '@understudy/coordinator-etcd/testing';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { play } from '../frameworks/play.js';
import { Readme } from '../frameworks/readme.js';
import { conditionsOf, type Manifest, manifestIn, targetsOf, undeclaredImports } from './contents.js';
import { type Packed, pack } from './pack.mjs';
import { Project, type Resolution, run } from './project.js';

/** These tests use what users get: tarballs, installed by npm into a project outside this repository. */

const NAMES = [
  'cli',
  'client',
  'context',
  'coordinator-embedded',
  'coordinator-etcd',
  'core',
  'grpc-common',
  'nestjs',
  'nice-grpc',
  'otel',
  'server',
  'testing',
  'wire',
];
const PROGRAM = join(import.meta.dirname, 'program.ts');
const PRINTED = 'adding: the sum is 5; UNDERSTUDY_CONFIG is a code\n';

const directory = mkdtempSync(join(tmpdir(), 'understudy-publish-'));
const unpacked = (name: string): string => join(directory, name, 'package');
const project = new Project();
let packed = new Map<string, Packed>();

const say = (line: string): void => console.log(`publish check: ${line}`);

/** The problems that `attw` finds in a tarball. All tarballs are checked in one process, so TypeScript is loaded once. */
async function typesOf(tarball: string): Promise<{ types: unknown; problems: readonly unknown[] }> {
  const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  return { types: result.types, problems: result.types ? result.problems : [] };
}

function fileOf(name: string): Packed {
  const found = packed.get(`@understudy/${name}`);
  if (found === undefined) throw new Error(`there is no tarball of ${name}`);
  return found;
}

beforeAll(async () => {
  packed = new Map(pack(directory).map((one) => [one.name, one]));
  say(`packed ${packed.size} packages`);
  for (const name of NAMES) {
    mkdirSync(join(directory, name));
    execFileSync('tar', ['-xzf', fileOf(name).tarball, '-C', join(directory, name)]);
  }
  const manifests: readonly Manifest[] = NAMES.map((name) => manifestIn(unpacked(name)));
  const needed = manifests.flatMap((manifest) =>
    Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter((name) => !packed.has(name)),
  );
  const tarballs = new Map([...packed].map(([name, { tarball }]) => [name, tarball]));
  await project.install(tarballs, [...new Set([...needed, '@grpc/grpc-js', '@grpc/proto-loader', '@types/node'])]);
  say('installed the tarballs');
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  project.remove();
});

it('every package that is not private is published, and no other', () => {
  expect([...packed.keys()].sort()).toEqual(NAMES.map((name) => `@understudy/${name}`));
});

describe.each(NAMES)('the tarball of %s', (name) => {
  it('has a README and the license, but no tests and no test helpers', () => {
    const { files } = fileOf(name);
    expect(files).toContain('README.md');
    expect(files).toContain('LICENSE');
    const unwanted = /(^|\/)(testing|testdata|src)\/|\.test\.|\.map$|tsbuildinfo/;
    expect(files.filter((file) => unwanted.test(file))).toEqual([]);
  });

  it('points only to files that it has, and to no sources', () => {
    const manifest = manifestIn(unpacked(name));
    expect(targetsOf(manifest).filter((target) => !fileOf(name).files.includes(target))).toEqual([]);
    expect(conditionsOf(manifest)).not.toContain('source');
    expect(manifest.description).toBeTruthy();
    expect(manifest.license).toBe('Apache-2.0');
  });

  it('imports only packages that its package.json names', () => {
    expect(undeclaredImports(unpacked(name), fileOf(name).files)).toEqual([]);
  });

  it('passes publint', async () => {
    const pkgDir = unpacked(name);
    const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that every resolution finds, and that tell what its code is', async () => {
    const { types, problems } = await typesOf(fileOf(name).tarball);
    expect(types).not.toBe(false);
    expect(problems).toEqual([]);
  });
});

/** Each resolution compiles and runs the same program, which makes a group of one replica and calls it. */
const RESOLUTIONS: readonly Resolution[] = [
  { module: 'node16', moduleResolution: 'node16', file: 'node16/module.mts' },
  { module: 'node16', moduleResolution: 'node16', file: 'node16/commonjs.cts' },
  { module: 'nodenext', moduleResolution: 'nodenext', file: 'nodenext/module.mts' },
  { module: 'esnext', moduleResolution: 'bundler', file: 'bundler/program.mts' },
  { module: 'commonjs', moduleResolution: 'node10', file: 'node10/program.ts' },
];

describe('a program of a user', () => {
  it.each(RESOLUTIONS)('compiles strictly with $moduleResolution and runs: $file', async (how) => {
    project.copy(PROGRAM, how.file);
    await project.compile(how);
    const compiled = how.file.replace(/ts$/, 'js');
    expect(await project.node(compiled, join(project.directory, `${how.file}-group`))).toBe(PRINTED);
    say(`${how.file} runs`);
  });

  it.each([
    ['rolldown', 'cjs'],
    ['rolldown', 'esm'],
    ['esbuild', 'cjs'],
    ['esbuild', 'esm'],
  ] as const)('runs as one file, bundled by %s as %s', async (tool, format) => {
    const alone = mkdtempSync(join(tmpdir(), 'understudy-bundle-'));
    const bundle = join(alone, `program.${format === 'cjs' ? 'cjs' : 'mjs'}`);
    project.copy(PROGRAM, 'bundled/program.ts');
    await project.bundle(tool, 'bundled/program.ts', bundle, format);
    expect(await run(process.execPath, [bundle, join(alone, 'group')], alone)).toBe(PRINTED);
    const without = [bundle, join(alone, 'another-group'), 'without-health'];
    expect(await run(process.execPath, without, alone)).toBe(PRINTED);
    rmSync(alone, { recursive: true });
    say(`the bundle by ${tool} as ${format} runs`);
  });

  it('gets the same class by require and by import', async () => {
    const text = `
      import { createRequire } from 'node:module';
      import { UnderstudyError } from '@understudy/client';
      import * as server from '@understudy/server';
      const required = createRequire(import.meta.url)('@understudy/core');
      console.log(UnderstudyError === server.UnderstudyError && UnderstudyError === required.UnderstudyError);`;
    project.write('same.mjs', text);
    expect(await project.node('same.mjs')).toBe('true\n');
  });

  it("can test its service with the kit in node's own runner", async () => {
    project.copy(join(import.meta.dirname, 'kit.mjs'), 'kit.mjs');
    expect(await project.node('kit.mjs')).toMatch(/# fail 0|ℹ fail 0/);
    say('the kit works with node:test');
  });

  it('can run the command line tool', async () => {
    const command = join(project.directory, 'node_modules/.bin/understudy');
    expect(await run(command, ['--version'], project.directory)).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe.each([
  ['the README', '..', 'README.md'],
  ['the start page', 'docs', 'start.md'],
])('the programs of %s', (name, folder, file) => {
  it('need what the page installs, and survive the death of their primary and a SIGTERM', async () => {
    const ports = await freePorts(3);
    const page = new Readme(folder, ports, file, project.directory);
    try {
      expect(page.installed).toEqual(expect.arrayContaining(page.imported));
      page.write('package.json', '{ "type": "module" }');
      await play(page, 'server.js', 'client.js', ports);
      say(`the programs of ${name} run`);
    } finally {
      page.end();
    }
  });
});
