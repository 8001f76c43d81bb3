/**
 * Runs before each test file of a process that runs many: the file gets modules of its own, and with them whatever state
 * they hold, as if the process were its own. Only what is in node_modules stays loaded, and the packages that hold no
 * state: to evaluate their many modules for each file takes longer than most files do.
 */
import { vi } from 'vitest';

const STATELESS = /\/packages\/(core|wire)\/src\/(?!.*\.test\.ts$)/;
const FIRST = Symbol.for('understudy tests: what the process had at first');
/** Where copies of a package note in the process that they have hooked in. */
const TAKERS = Symbol.for('@understudy/context/uncaught');

/** What the packages, or tests, put into the process for good. */
const has = () => ({
  emit: process.emit,
  queueMicrotask: globalThis.queueMicrotask,
  env: { ...process.env },
  directory: process.cwd(),
});

process[FIRST] ??= has();
const first = process[FIRST];

const kept = [];
for (const [path, module] of globalThis.__vitest_worker__.evaluatedModules.idToModuleMap)
  if (STATELESS.test(path)) kept.push([module, { ...module }]);
vi.resetModules();
for (const [module, { promise, exports, evaluated }] of kept) Object.assign(module, { promise, exports, evaluated });
process.emit = first.emit;
delete process[TAKERS];
globalThis.queueMicrotask = first.queueMicrotask;
for (const name of Object.keys(process.env)) if (!(name in first.env)) delete process.env[name];
Object.assign(process.env, first.env);
if (process.cwd() !== first.directory) process.chdir(first.directory);
