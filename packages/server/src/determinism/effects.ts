/** Functions that reach into the outside world, which tell the handler's replica when they are used in a step. */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { REAL, realOf } from '@understudy/context';
import { registerSource, runningStep } from './replace.js';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Functions that take a path. Every use of an open file follows one of them, and loggers keep their files open. */
const FILES = [
  ...[
    'access',
    'appendFile',
    'chmod',
    'chown',
    'copyFile',
    'cp',
    'link',
    'lstat',
    'mkdir',
    'mkdtemp',
    'open',
    'opendir',
  ],
  ...['readFile', 'readdir', 'readlink', 'realpath', 'rename', 'rm', 'rmdir', 'stat', 'symlink', 'truncate', 'unlink'],
  ...['utimes', 'writeFile'],
];
const FILES_BESIDES = ['createReadStream', 'createWriteStream', 'exists', 'existsSync', 'watch', 'watchFile'];
const PROCESSES = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'];

/**
 * Makes functions of `fs`, `http`, `https`, `net`, `child_process` and `fetch` tell the replica when a step uses them.
 * They still do what they did. May be called again, and by several copies of this package.
 */
export function installEffects(): void {
  registerSource();
  for (const name of [...FILES, ...FILES.map((each) => `${each}Sync`), ...FILES_BESIDES]) watch(fs, name, `fs.${name}`);
  for (const name of FILES) watch(fs.promises, name, `fs.promises.${name}`);
  for (const name of ['request', 'get']) {
    watch(http, name, `http.${name}`);
    watch(https, name, `https.${name}`);
  }
  // Connections of all modules come from here.
  watch(net.Socket.prototype, 'connect', 'net.connect');
  for (const name of PROCESSES) watch(childProcess, name, `child_process.${name}`);
  watch(globalThis, 'fetch', 'fetch');
  syncBuiltinESMExports();
}

function watch(target: object, name: string, what: string): void {
  const property = Object.getOwnPropertyDescriptor(target, name);
  const real = property?.value as AnyFunction | undefined;
  if (typeof real !== 'function' || realOf(real) !== real || property?.configurable !== true) return;
  const made = function (this: unknown, ...args: unknown[]): unknown {
    runningStep()?.onEffect?.(what);
    return Reflect.apply(real, this, args);
  };
  // The properties include a symbol under which Node keeps the function that `util.promisify` returns.
  Object.defineProperties(made, Object.getOwnPropertyDescriptors(real));
  Object.defineProperty(made, REAL, { value: real });
  Object.defineProperty(target, name, { ...property, value: made });
}
