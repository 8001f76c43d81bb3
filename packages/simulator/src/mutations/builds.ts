import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeCompiled } from '@understudy/core/testing';
import type { Mutation } from './mutation.js';

const PACKAGES = join(import.meta.dirname, '../../..');

/** Copies of the compiled simulator in a directory of their own, each with a core that lacks a rule. */
export class Builds {
  readonly #root = mkdtempSync(join(tmpdir(), 'understudy-mutations-'));
  #builds = 0;

  /**
   * @returns the program of the copy that plays seeds
   * @throws Error if a text that is to be changed is not there exactly once: nothing sensible would be taken out
   */
  build({ rule, changes }: Mutation): string {
    const copy = join(this.#root, `${++this.#builds}`);
    const core = join(copy, 'node_modules/@understudy/core');
    copyPackage('core', core);
    copyPackage('simulator', join(copy, 'simulator'));
    for (const { file, ...change } of changes) {
      const path = join(core, 'dist', file);
      const { text, times } = changeCompiled(readFileSync(path, 'utf8'), change);
      if (times !== 1) throw new Error(`${rule}: ${file} has ${times} times: ${change.find}`);
      writeFileSync(path, text);
    }
    return join(copy, 'simulator/dist/mutations/player.js');
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

function copyPackage(name: string, to: string): void {
  const from = join(PACKAGES, name);
  mkdirSync(to, { recursive: true });
  cpSync(join(from, 'package.json'), join(to, 'package.json'));
  const compiled = join(from, 'dist');
  cpSync(compiled, join(to, 'dist'), {
    recursive: true,
    filter: (path) => !/\.map$|\.d\.ts$/.test(path.slice(compiled.length)),
  });
}
