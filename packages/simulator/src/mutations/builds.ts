import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Markers } from '@understudy/core/testing';
import { parse } from 'acorn';
import type { Mutation } from './mutation.js';

/** Where the compiled core and simulator are. */
const PACKAGES = join(import.meta.dirname, '../../..');
const CORE = join(PACKAGES, 'core');

/** The markers in the compiled core; the compiler leaves behind what it made of a file that has moved since. */
export function readMarkers(): Markers {
  const sources = readdirSync(join(CORE, 'src'), { encoding: 'utf8', recursive: true });
  const compiled = sources.filter((file) => /(?<!\.test)\.ts$/.test(file)).map((file) => file.replace(/\.ts$/, '.js'));
  return new Markers(new Map(compiled.map((file) => [file, readFileSync(join(CORE, 'dist', file), 'utf8')])), parse);
}

/** Copies of the compiled simulator in a directory of their own, each with a core that lacks a rule. */
export class Builds {
  readonly #root = mkdtempSync(join(tmpdir(), 'understudy-mutations-'));
  readonly #markers = readMarkers();
  #builds = 0;

  /**
   * @returns the program of the copy that plays seeds
   * @throws Error if the core does not have each marker of the rule exactly once: nothing sensible would be taken out
   */
  build(mutation: Mutation): string {
    const copy = join(this.#root, `${++this.#builds}`);
    const core = join(copy, 'node_modules/@understudy/core');
    copyPackage('core', core);
    copyPackage('simulator', join(copy, 'simulator'));
    for (const [file, text] of this.#markers.takeOut(mutation)) writeFileSync(join(core, 'dist', file), text);
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
