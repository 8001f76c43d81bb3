/**
 * Runs before each test file of a process that runs many: the file gets modules of its own, and with them whatever state
 * they hold, as if the process were its own. Only what is in node_modules stays loaded.
 */
import { vi } from 'vitest';

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

vi.resetModules();
process.emit = first.emit;
delete process[TAKERS];
globalThis.queueMicrotask = first.queueMicrotask;
for (const name of Object.keys(process.env)) if (!(name in first.env)) delete process.env[name];
Object.assign(process.env, first.env);
if (process.cwd() !== first.directory) process.chdir(first.directory);
