import crypto from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import vm from 'node:vm';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { Counter, counterService } from '../testing/counter.js';

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
    const [, ours, part = '/index'] = /^@understudy\/([\w-]+)(\/internal)?$/.exec(name) ?? [];
    if (ours !== undefined) return load(join(PACKAGES, ours, `dist${part}.js`), context, loaded);
    return name.startsWith('.') ? load(join(dirname(file), name), context, loaded) : real(name);
  };
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  const run = vm.compileFunction(readFileSync(file, 'utf8'), parameters, { parsingContext: context, filename: file });
  run.call(module.exports, module.exports, require, module, file, dirname(file));
  return module.exports;
}

/** Global objects as jest gives them to a test file: Node's own, beside the language's, such as `Error`, which are others. */
function globals(): vm.Context {
  const { process, performance, AbortSignal, setTimeout, setInterval, setImmediate, queueMicrotask } = globalThis;
  const { clearTimeout, clearInterval, clearImmediate, Buffer, structuredClone } = globalThis;
  return vm.createContext({
    ...{ process, performance, AbortSignal, setTimeout, setInterval, setImmediate, queueMicrotask },
    ...{ clearTimeout, clearInterval, clearImmediate, Buffer, structuredClone, Uint8Array, ArrayBuffer },
    ...{ AbortController, URL, TextEncoder, TextDecoder },
  });
}

it('a step gives its randomness through the modules of node in each of several global objects', () => {
  const drawn = ['a', 'b'].map((name) => {
    const context = globals();
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

it('a replica starts, serves and stops where errors of Node are no instances of its `Error`', async () => {
  const context = globals();
  const loaded = new Map<string, { exports: unknown }>();
  const get = <T>(name: string): T => load(join(PACKAGES, name, 'dist/index.js'), context, loaded) as T;
  const { embeddedCoordinator } = get<typeof import('@understudy/coordinator-embedded')>('coordinator-embedded');
  const { createReplica } = get<typeof import('../index.js')>('server');
  const directory = mkdtempSync(join(tmpdir(), 'understudy-realm-'));
  const counter = new Counter();
  const replica = createReplica({
    ...{ replicaId: 'r1', coordinator: embeddedCoordinator(directory), state: counter, logger: 'none' },
    ...{ handleSignals: false, serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'counters' } }] } },
  });
  const server = new Server({ interceptors: replica.interceptors() });
  replica.attach(server);
  server.addService(counterService, counter.handlers);
  const port = await new Promise<number>((resolve, reject) => {
    const done = (error: Error | null, bound: number): void => (error === null ? resolve(bound) : reject(error));
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), done);
  });
  await replica.start({ address: `127.0.0.1:${port}`, timeoutMs: 20_000 });
  expect(replica.status.role).toBe('primary');
  await replica.stop();
  server.forceShutdown();
  rmSync(directory, { recursive: true });
});
