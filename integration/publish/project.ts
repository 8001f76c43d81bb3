import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const ROOT = join(import.meta.dirname, '../..');
const NODE_MODULES = join(ROOT, 'node_modules');
/** One that still resolves as `node10` does; the repository's own does so no longer. attw brings it. */
const TSC_5 = join(NODE_MODULES, '@arethetypeswrong/core/node_modules/typescript/bin/tsc');
const TSC = join(NODE_MODULES, 'typescript/bin/tsc');
/** A program that does not end by itself is at fault. */
const PROGRAM_MAX_MS = 240_000;

const execute = promisify(execFile);

/** @returns what the program printed; rejects with all of it if the program fails */
export async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await execute(program, args, { cwd, timeout: PROGRAM_MAX_MS })).stdout;
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout}${stderr}`);
  }
}

/** How a user's TypeScript finds packages. */
export interface Resolution {
  readonly module: string;
  readonly moduleResolution: string;
  /** Name of the source file; its ending decides between CommonJS and ES module where the resolution looks at it. */
  readonly file: string;
}

/** A user's project in a folder of its own, with the tarballs installed, and nothing of this repository around it. */
export class Project {
  readonly directory = mkdtempSync(join(tmpdir(), 'understudy-project-'));

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /**
   * Has npm install tarballs, without a network. What they need from others is linked to this repository's own copies.
   *
   * @param tarballs by the names of their packages
   * @param others names of packages that are linked
   */
  async install(tarballs: ReadonlyMap<string, string>, others: readonly string[]): Promise<void> {
    const dependencies = {
      ...Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`])),
      ...Object.fromEntries(others.map((name) => [name, `file:${join(NODE_MODULES, name)}`])),
    };
    this.write('package.json', JSON.stringify({ name: 'a-project', private: true, dependencies }));
    const quietly = [
      '--offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-package-lock',
      '--loglevel=error',
    ];
    await run('npm', ['install', ...quietly], this.directory);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    writeFileSync(join(this.directory, path), text);
  }

  copy(from: string, to: string): void {
    mkdirSync(dirname(join(this.directory, to)), { recursive: true });
    cpSync(from, join(this.directory, to));
  }

  /** Compiles one file strictly, the packages' own types too, into the folder that it is in. */
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

  /** Runs a program of the project. */
  node(file: string, ...args: readonly string[]): Promise<string> {
    return run(process.execPath, [file, ...args], this.directory);
  }
}
