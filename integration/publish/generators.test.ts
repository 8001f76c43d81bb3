import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack } from './pack.mjs';
import { Project, ROOT, run } from './project.js';

/** One service by each code generator: sales before and after the death of a primary, from tarballs. */

/** The compiler of buf comes as a package, so nothing is downloaded besides packages. */
const VERSIONS = {
  '@bufbuild/buf': '1.75.0',
  '@bufbuild/protobuf': '2.10.1',
  '@bufbuild/protoc-gen-es': '2.10.1',
  '@grpc/grpc-js': '1.14.7',
  '@grpc/proto-loader': '0.8.1',
  'ts-proto': '2.18.0',
};
const GENERATED = {
  version: 'v2',
  inputs: [{ directory: '.', paths: ['till.proto'] }],
  plugins: [
    { local: 'node_modules/.bin/protoc-gen-es', out: 'gen', opt: ['target=js', 'js_import_style=legacy_commonjs'] },
    {
      local: 'node_modules/.bin/protoc-gen-ts_proto',
      out: 'gen',
      opt: ['outputServices=grpc-js', 'esModuleInterop=true', 'forceLong=string'],
    },
  ],
};
const SOURCES = join(import.meta.dirname, 'generators');

const directory = mkdtempSync(join(tmpdir(), 'understudy-generators-'));
const project = new Project();

beforeAll(async () => {
  const tarballs = new Map(pack(directory).map(({ name, tarball }) => [name, tarball]));
  const used = ['client', 'context', 'coordinator-embedded', 'core', 'grpc-common', 'server', 'testing', 'wire'];
  const names = used.map((name) => `@understudy/${name}`);
  await project.installWith(new Map([...tarballs].filter(([name]) => names.includes(name))), VERSIONS);
  for (const file of readdirSync(SOURCES)) project.copy(join(SOURCES, file), file);
  project.write('buf.gen.yaml', JSON.stringify(GENERATED));
  await run(join(project.directory, 'node_modules/.bin/buf'), ['generate'], project.directory);
  const esbuild = join(ROOT, 'node_modules/.bin/esbuild');
  await run(esbuild, ['gen/till.ts', '--format=cjs', '--outfile=gen/till.cjs', '--log-level=error'], project.directory);
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  project.remove();
});

const receipt = (times: number) => ({
  ...{ total: 5 * times, isCard: true, items: { pear: times, apple: 2 * times }, proof: 'code' },
});

describe('a service whose messages are made by', () => {
  it.each([
    ['proto-loader without options', 'loader.mjs', 'none'],
    ['proto-loader with names, numbers and enums as they are written', 'loader.mjs', 'texts'],
    ['proto-loader with numbers and empty collections', 'loader.mjs', 'objects'],
    ['ts-proto', 'ts-proto.mjs', ''],
    ['protoc-gen-es', 'protobuf-es.mjs', ''],
  ])('%s outlives its primary', async (_name, module, options) => {
    const played = JSON.parse(await project.node('play.mjs', module, options));
    expect(played).toEqual({ receipts: [1, 2, 3].map(receipt), states: 1 });
  });
});
