/** Projects of users, into which the tarballs are installed. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const ROOT = join(import.meta.dirname, '../..');
const NODE_MODULES = join(ROOT, 'node_modules');
/**
 * A TypeScript that still supports the resolution `node10`, unlike the repository's own. It is a dependency of attw.
 */
const TSC_5 = join(NODE_MODULES, '@arethetypeswrong/core/node_modules/typescript/bin/tsc');
const TSC = join(NODE_MODULES, 'typescript/bin/tsc');
/** A program that does not end by itself is at fault. */
const PROGRAM_MAX_MS = 240_000;

const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];

const execute = promisify(execFile);

/** Runs a program. @returns its standard output; rejects with all output if the program fails */
export async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await execute(program, args, { cwd, timeout: PROGRAM_MAX_MS })).stdout;
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout}${stderr}`);
  }
}

const ROLLDOWN = (to: string, format: string): string[] => ['--file', to, '--format', format, '--platform', 'node'];

const ESBUILD = (to: string, format: string): string[] => [
  ...['--bundle', `--outfile=${to}`, `--format=${format}`, '--platform=node', '--log-level=error'],
  // Packages of CommonJS, such as grpc-js, call `require` for modules of Node, which a bundle of ES modules lacks.
  ...(format === 'esm' ? [`--banner:js=import { createRequire } from 'node:module'; ${REQUIRE}`] : []),
];
const REQUIRE = 'const require = createRequire(import.meta.url);';

/** A way in which a user's TypeScript resolves packages. */
export interface Resolution {
  readonly module: string;
  readonly moduleResolution: string;
  /** Name of the source file. Some resolutions choose between CommonJS and ES modules by its ending. */
  readonly file: string;
}

/** A user's project with the tarballs installed, in a folder outside this repository. */
export class Project {
  readonly directory = mkdtempSync(join(tmpdir(), 'understudy-project-'));

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /**
   * Makes npm install tarballs without a network. Their other dependencies are links to this repository's copies.
   *
   * @param tarballs the tarballs by the names of their packages
   * @param others names of the packages to link
   */
  async install(tarballs: ReadonlyMap<string, string>, others: readonly string[]): Promise<void> {
    const dependencies = {
      ...Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`])),
      ...Object.fromEntries(others.map((name) => [name, `file:${join(NODE_MODULES, name)}`])),
    };
    this.write('package.json', JSON.stringify({ name: 'a-project', private: true, dependencies }));
    await run('npm', ['install', '--offline', ...quietly], this.directory);
  }

  /**
   * Makes npm install tarballs, and packages of given versions from the registry that npm is set to.
   *
   * @param tarballs the tarballs by the names of their packages
   * @param versions the versions of the other packages by their names
   * @param how further options of npm
   */
  async installWith(
    tarballs: ReadonlyMap<string, string>,
    versions: Readonly<Record<string, string>>,
    ...how: readonly string[]
  ): Promise<void> {
    const own = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]));
    const dependencies = { ...own, ...versions };
    this.write('package.json', JSON.stringify({ name: 'a-project', private: true, dependencies }));
    await run('npm', ['install', '--prefer-offline', ...quietly, ...how], this.directory);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    writeFileSync(join(this.directory, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.directory, path), 'utf8');
  }

  copy(from: string, to: string): void {
    mkdirSync(dirname(join(this.directory, to)), { recursive: true });
    cpSync(from, join(this.directory, to));
  }

  /** Compiles one file with strict checks, also of the packages' types. The output goes beside the file. */
  async compile({ module, moduleResolution, file }: Resolution): Promise<void> {
    const old = moduleResolution === 'node10';
    const strict = [
      '--strict',
      '--exactOptionalPropertyTypes',
      '--noUncheckedIndexedAccess',
      '--skipLibCheck',
      'false',
    ];
    const how = ['--target', 'es2022', '--types', 'node', '--module', module, '--moduleResolution', moduleResolution];
    await run(process.execPath, [old ? TSC_5 : TSC, ...strict, ...how, file], this.directory);
  }

  /** Makes one file of a program and everything that it imports. */
  async bundle(tool: 'rolldown' | 'esbuild', file: string, to: string, format: 'cjs' | 'esm'): Promise<void> {
    const options = tool === 'rolldown' ? ROLLDOWN(to, format) : ESBUILD(to, format);
    await run(join(NODE_MODULES, '.bin', tool), [file, ...options], this.directory);
  }

  /** Runs a program of the project. */
  node(file: string, ...args: readonly string[]): Promise<string> {
    return run(process.execPath, [file, ...args], this.directory);
  }
}
