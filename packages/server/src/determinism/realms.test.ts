import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import vm from 'node:vm';
import { expect, it } from 'vitest';

// Runs what `npm run build` made.
const PACKAGES = join(import.meta.dirname, '../../..');
const START = join(PACKAGES, 'server/dist/determinism/install.js');
const CONTEXT = join(PACKAGES, 'context/dist/index.js');

/** Loads our packages within a global object of its own, as jest does for each test file. Node's modules are the same. */
function load(file: string, context: vm.Context, loaded = new Map<string, { exports: unknown }>()): unknown {
  const known = loaded.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(file, module);
  const real = createRequire(file);
  const require = (name: string): unknown => {
    const ours = /^@understudy\/([\w-]+)$/.exec(name)?.[1];
    if (ours !== undefined) return load(join(PACKAGES, ours, 'dist/index.js'), context, loaded);
    return name.startsWith('.') ? load(join(dirname(file), name), context, loaded) : real(name);
  };
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  const run = vm.compileFunction(readFileSync(file, 'utf8'), parameters, { parsingContext: context, filename: file });
  run.call(module.exports, module.exports, require, module, file, dirname(file));
  return module.exports;
}

it('a step gives its randomness through the modules of node in each of several global objects', () => {
  const { process, performance, AbortSignal, setTimeout, setInterval, setImmediate, queueMicrotask } = globalThis;
  const { clearTimeout, clearInterval, clearImmediate, Buffer } = globalThis;
  const drawn = ['a', 'b'].map((name) => {
    const context = vm.createContext({
      ...{ process, performance, AbortSignal, setTimeout, setInterval, setImmediate, queueMicrotask },
      ...{ clearTimeout, clearInterval, clearImmediate, Buffer, AbortController, URL, TextEncoder, TextDecoder },
    });
    const loaded = new Map<string, { exports: unknown }>();
    (load(START, context, loaded) as typeof import('./install.js')).installGlobals();
    const { handle, trackHandlers } = load(CONTEXT, context, loaded) as typeof import('@understudy/context');
    trackHandlers();
    const random = { fill: (bytes: Uint8Array) => bytes.fill(name.charCodeAt(0)), next: () => 0 };
    const values = { timeMs: 1, random, inGlobals: true } as never;
    return () => handle({ values }, () => crypto.randomBytes(2).toString());
  });
  expect(drawn.map((draw) => draw())).toEqual(['aa', 'bb']);
});
