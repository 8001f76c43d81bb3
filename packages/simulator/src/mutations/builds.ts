import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Markers } from '@understudy/core/testing';
import { parse } from 'acorn';
import type { Mutation } from './mutation.js';

/** Where the compiled core and simulator are. */
const PACKAGES = join(import.meta.dirname, '../../..');
const CORE = join(PACKAGES, 'core');

/** The markers in the compiled core. Files that the compiler left behind after their source moved do not count. */
export function readMarkers(): Markers {
  const sources = readdirSync(join(CORE, 'src'), { encoding: 'utf8', recursive: true });
  const compiled = sources.filter((file) => /(?<!\.test)\.ts$/.test(file)).map((file) => file.replace(/\.ts$/, '.js'));
  return new Markers(new Map(compiled.map((file) => [file, readFileSync(join(CORE, 'dist', file), 'utf8')])), parse);
}

/**
 * Copies of the compiled simulator in a directory of their own, each with a core that lacks a rule. The copies share what they
 * have in common: their files are links to those of one copy that lacks nothing.
 */
export class Builds {
  readonly #root = mkdtempSync(join(tmpdir(), 'understudy-mutations-'));
  readonly #markers = readMarkers();
  #builds = 0;

  constructor() {
    copyPackage('core', coreIn(this.#whole));
    copyPackage('simulator', join(this.#whole, 'simulator'));
  }

  get #whole(): string {
    return join(this.#root, 'whole');
  }

  /**
   * @returns the folder of the copy's compiled simulator
   * @throws Error if the core does not have each marker of the rule exactly once, so that nothing sensible could be
   *   taken out
   */
  build(mutation: Mutation): string {
    const copy = join(this.#root, `${++this.#builds}`);
    linkTree(this.#whole, copy);
    for (const [file, text] of this.#markers.takeOut(mutation)) {
      const path = join(coreIn(copy), 'dist', file);
      // The file of the other copies stays as it is.
      rmSync(path);
      writeFileSync(path, text);
    }
    return join(copy, 'simulator/dist');
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

const coreIn = (copy: string): string => join(copy, 'node_modules/@understudy/core');

function linkTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else linkSync(source, target);
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
