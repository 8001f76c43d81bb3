import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pack } from './pack.mjs';
import { Project, run } from './project.js';

/** Jest runs each test file in a realm of its own, with globals that are not node's. So do the packages then. */

const VERSIONS = {
  '@grpc/grpc-js': '1.14.7',
  '@jest/globals': '30.5.2',
  '@types/node': '20.19.43',
  jest: '30.5.2',
  'ts-jest': '29.4.15',
  typescript: '5.9.3',
};
const USED = ['client', 'context', 'coordinator-embedded', 'core', 'grpc-common', 'server', 'testing', 'wire'];

const directory = mkdtempSync(join(tmpdir(), 'understudy-jest-'));
const project = new Project();

beforeAll(async () => {
  const packed = pack(directory).filter(({ name }) => USED.some((used) => name === `@understudy/${used}`));
  await project.installWith(new Map(packed.map(({ name, tarball }) => [name, tarball])), VERSIONS);
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  project.remove();
});

/** Has jest run one test file, which must hold three tests. */
async function jest(from: string, file: string, config: object): Promise<void> {
  project.copy(join(import.meta.dirname, 'jest', from), file);
  const all = { testEnvironment: 'node', testTimeout: 120_000, testMatch: [`**/${file}`], ...config };
  project.write('jest.config.json', JSON.stringify(all));
  const how = ['--config', 'jest.config.json', '--runInBand', '--json', '--outputFile', 'summary.json'];
  await run(process.execPath, ['node_modules/jest/bin/jest.js', ...how], project.directory);
  const { numPassedTests, numTotalTests } = JSON.parse(project.read('summary.json'));
  expect([numPassedTests, numTotalTests]).toEqual([3, 3]);
}

it("a service's tests run in a project with jest", () => jest('adding.cjs', 'adding.test.cjs', {}));

it("a service's tests run in a project with ts-jest", async () => {
  const compilerOptions = {
    module: 'commonjs',
    target: 'es2022',
    strict: true,
    types: ['node'],
    esModuleInterop: true,
  };
  project.write('tsconfig.json', JSON.stringify({ compilerOptions }));
  await jest('adding.ts', 'adding.test.ts', { preset: 'ts-jest' });
});
