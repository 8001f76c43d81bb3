import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compileFunction } from 'node:vm';

/** The text of each changed file of the compiled core, by its path. */
export type Changed = Readonly<Record<string, string>>;

interface Module {
  exports: object;
}
type Evaluate = (exports: object, require: (name: string) => unknown, module: Module) => void;

/** The files of the compiled core behind its entries. */
const ENTRIES: Readonly<Record<string, string>> = {
  '@understudy/core': 'index.js',
  '@understudy/core/internal': 'internal.js',
  '@understudy/core/testing': 'testing/index.js',
};
const requireHere = createRequire(import.meta.url);

/**
 * Evaluates the compiled core and a program on it again and again, each time with new modules that share no state with
 * earlier ones. Only changed files are compiled anew, because compiling the rest takes longer than most runs.
 */
export class Cores<Program> {
  readonly #dist: string;
  readonly #program: Evaluate;
  readonly #compiled = new Map<string, Evaluate>();

  /**
   * @param dist the folder of the compiled core
   * @param program a script that imports the core and exports what `evaluate` returns
   */
  constructor(dist: string, program: string) {
    this.#dist = dist;
    this.#program = compile('program.js', program);
  }

  /** @returns what the program exports when it runs on a core with these changes */
  evaluate(changed: Changed): Program {
    const modules = new Map<string, Module>();
    const load = (file: string): object => {
      const module = modules.get(file) ?? { exports: {} };
      if (!modules.has(file)) {
        modules.set(file, module);
        this.#evaluateOf(file, changed[file])(module.exports, (path) => load(join(dirname(file), path)), module);
      }
      return module.exports;
    };
    const program: Module = { exports: {} };
    const require = (name: string): unknown => {
      const entry = ENTRIES[name];
      return entry === undefined ? requireHere(name) : load(entry);
    };
    this.#program(program.exports, require, program);
    return program.exports as Program;
  }

  #evaluateOf(file: string, changed: string | undefined): Evaluate {
    const path = join(this.#dist, file);
    if (changed !== undefined) return compile(path, changed);
    const compiled = this.#compiled.get(file) ?? compile(path, readFileSync(path, 'utf8'));
    this.#compiled.set(file, compiled);
    return compiled;
  }
}

const compile = (filename: string, text: string): Evaluate =>
  compileFunction(text, ['exports', 'require', 'module'], { filename }) as Evaluate;
